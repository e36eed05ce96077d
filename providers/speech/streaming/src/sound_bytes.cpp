#include "parley/providers/streaming/sound_bytes.hpp"

#include "parley/audio/g711.hpp"

namespace parley::providers::streaming {

namespace {

constexpr std::size_t longest_header = 4096;

std::uint32_t number_at(std::string_view bytes, std::size_t at, int size) {
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i)
    value |= static_cast<std::uint32_t>(
                 static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]))
             << (8 * i);
  return value;
}

}  // namespace

/// Leaves `begun_` false while more of the header is to come.
Result<void> SoundBytes::take_header() {
  if (waiting_.size() < 4) return {};
  if (!waiting_.starts_with("RIFF")) {
    begun_ = true;
    return {};
  }
  std::size_t at = 12;
  while (waiting_.size() >= at + 8) {
    auto name = std::string_view(waiting_).substr(at, 4);
    auto size = number_at(waiting_, at + 4, 4);
    if (name == "data") {
      waiting_.erase(0, at + 8);
      begun_ = true;
      return {};
    }
    if (name == "fmt ") {
      if (waiting_.size() < at + 24) return {};
      auto format = number_at(waiting_, at + 8, 2);
      if (number_at(waiting_, at + 10, 2) != 1 || (format != 1 && format != 7))
        return fail(Errc::corrupt, "the WAV header is not that of mono PCM or mu-law");
      options_.coding = format == 1 ? Coding::pcm : Coding::mulaw;
      options_.rate_hz = static_cast<int>(number_at(waiting_, at + 12, 4) & 0xFFFFFF);
    }
    if (size > longest_header) return fail(Errc::corrupt, "the WAV header makes no sense");
    at += 8 + size + (size & 1);
  }
  if (waiting_.size() > longest_header) return fail(Errc::corrupt, "the WAV header has no end");
  return {};
}

Result<audio::Samples> SoundBytes::take(std::string_view bytes) {
  waiting_.append(bytes);
  if (!begun_) {
    if (auto good = take_header(); !good) return std::unexpected(good.error());
    if (!begun_) return audio::Samples{};
  }
  audio::Samples samples;
  std::size_t used = 0;
  if (options_.coding == Coding::mulaw) {
    used = waiting_.size();
    std::span codes(reinterpret_cast<const std::uint8_t*>(waiting_.data()), used);
    samples = audio::mulaw_decode(codes);
  } else {
    samples.resize(waiting_.size() / 2);
    used = samples.size() * 2;
    for (std::size_t i = 0; i < samples.size(); ++i)
      samples[i] = static_cast<std::int16_t>(number_at(waiting_, 2 * i, 2));
  }
  waiting_.erase(0, used);
  if (options_.rate_hz == options_.wanted_hz) return samples;
  if (!resampler_) {
    auto made = audio::Resampler::create(options_.rate_hz, options_.wanted_hz);
    if (!made) return std::unexpected(made.error());
    resampler_ = std::move(*made);
  }
  return resampler_->process(samples);
}

audio::Samples SoundBytes::flush() {
  // A stream shorter than a header's first word has not begun.
  if (!begun_ && !waiting_.empty() && !waiting_.starts_with("RIFF")) {
    begun_ = true;
    auto rest = take("").value_or(audio::Samples{});
    if (!resampler_) return rest;
    auto last = resampler_->flush();
    rest.insert(rest.end(), last.begin(), last.end());
    return rest;
  }
  return resampler_ ? resampler_->flush() : audio::Samples{};
}

}  // namespace parley::providers::streaming
