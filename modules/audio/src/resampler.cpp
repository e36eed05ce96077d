#include "parley/audio/resampler.hpp"

#include <samplerate.h>

#include <algorithm>
#include <vector>

namespace parley::audio {

struct Resampler::State {
  struct Delete {
    void operator()(SRC_STATE* state) const noexcept { src_delete(state); }
  };
  std::unique_ptr<SRC_STATE, Delete> converter;  ///< none when both rates are the same
  int from_hz = 0;
  int to_hz = 0;
  std::vector<float> input;
  std::vector<float> output;
  // The converter rounds the length of each piece in its own way; the whole must be exact.
  std::int64_t taken = 0;
  std::int64_t given = 0;

  Samples run(std::span<const std::int16_t> piece, bool last);
};

Samples Resampler::State::run(std::span<const std::int16_t> piece, bool last) {
  input.resize(piece.size());
  src_short_to_float_array(piece.data(), input.data(), static_cast<int>(piece.size()));
  const double ratio = static_cast<double>(to_hz) / from_hz;
  SRC_DATA data{};
  data.data_in = input.data();
  data.input_frames = static_cast<long>(piece.size());
  data.src_ratio = ratio;
  data.end_of_input = last ? 1 : 0;
  Samples result;
  const auto room = static_cast<std::size_t>(static_cast<double>(piece.size() + 512) * ratio) + 64;
  output.resize(room);
  while (true) {
    data.data_out = output.data();
    data.output_frames = static_cast<long>(output.size());
    if (src_process(converter.get(), &data) != 0) break;
    const auto made = static_cast<std::size_t>(data.output_frames_gen);
    const auto old = result.size();
    result.resize(old + made);
    src_float_to_short_array(output.data(), result.data() + old, static_cast<int>(made));
    data.data_in += data.input_frames_used;
    data.input_frames -= data.input_frames_used;
    if (made == 0 && data.input_frames_used == 0) break;
    if (data.input_frames == 0 && made < output.size()) break;
  }
  return result;
}

Resampler::Resampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

Result<Resampler> Resampler::create(int from_hz, int to_hz) {
  constexpr int lowest = 4000;
  constexpr int highest = 192000;
  if (from_hz < lowest || from_hz > highest || to_hz < lowest || to_hz > highest)
    return fail(Errc::invalid, "sampling rates must lie between 4000 and 192000 Hz");
  if (std::max(from_hz, to_hz) > 32 * std::min(from_hz, to_hz))
    return fail(Errc::invalid, "the ratio of two sampling rates must be at most 32");
  auto state = std::make_unique<State>();
  state->from_hz = from_hz;
  state->to_hz = to_hz;
  if (from_hz != to_hz) {
    int error = 0;
    state->converter.reset(src_new(SRC_SINC_FASTEST, 1, &error));
    if (!state->converter) return fail(Errc::resource_exhausted, src_strerror(error));
  }
  return Resampler(std::move(state));
}

Samples Resampler::process(std::span<const std::int16_t> piece) {
  if (!state_->converter) return {piece.begin(), piece.end()};
  if (piece.empty()) return {};
  auto made = state_->run(piece, false);
  state_->taken += static_cast<std::int64_t>(piece.size());
  state_->given += static_cast<std::int64_t>(made.size());
  return made;
}

Samples Resampler::flush() {
  if (!state_->converter) return {};
  auto made = state_->run({}, true);
  const auto whole = (state_->taken * state_->to_hz + state_->from_hz / 2) / state_->from_hz;
  const auto missing = std::max<std::int64_t>(0, whole - state_->given);
  made.resize(static_cast<std::size_t>(missing));
  src_reset(state_->converter.get());
  state_->taken = state_->given = 0;
  return made;
}

int Resampler::from_hz() const noexcept { return state_->from_hz; }
int Resampler::to_hz() const noexcept { return state_->to_hz; }

Result<Samples> resample(std::span<const std::int16_t> samples, int from_hz, int to_hz) {
  auto converter = Resampler::create(from_hz, to_hz);
  if (!converter) return std::unexpected(converter.error());
  auto result = converter->process(samples);
  auto rest = converter->flush();
  result.insert(result.end(), rest.begin(), rest.end());
  return result;
}

}  // namespace parley::audio
