#include "echo_guard.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "parley/audio/g711.hpp"

namespace parley::voice {

namespace {

constexpr std::int64_t ring_steps = 4096;  // 1.2 s ahead of the ear and the longest delay behind
constexpr Duration step_length = std::chrono::microseconds(125) * static_cast<int>(EchoGuard::step);
constexpr std::size_t heard_steps = EchoGuard::window_samples / EchoGuard::step;
constexpr std::size_t delay_steps =
    static_cast<std::size_t>(EchoGuard::longest_delay / step_length);
/// How much of the sound must be explained. A caller who speaks as loud as the echo halves it; two
/// voices of the same pitch reach about 0.4 by chance.
constexpr double surely_echo = 0.6;
/// Once the delay is known chance has far fewer places to look.
constexpr double echo_where_expected = 0.45;
/// Of the energy, when the noise is as loud as all of it.
constexpr double least_speech = 0.3;
constexpr int sightings_to_trust = 4;
constexpr std::size_t drift_steps = 40;  // 20 ms

/// The mean of a step's samples, or of what there is of them.
float mean_of(std::span<const std::int16_t> samples, std::size_t index) {
  auto own = samples.subspan(index * EchoGuard::step);
  own = own.first(std::min(own.size(), EchoGuard::step));
  float sum = 0;
  for (auto sample : own) sum += static_cast<float>(sample);
  return sum / static_cast<float>(own.size());
}

/// Only what changes: no offset, less of the deep parts.
void differences(auto&& value_at, std::span<float> out) {
  float before = value_at(std::size_t{0});
  for (std::size_t i = 0; i < out.size(); ++i) {
    float value = value_at(i);
    out[i] = value - before;
    before = value;
  }
}

std::size_t place(std::int64_t step) { return static_cast<std::size_t>(step % ring_steps); }

}  // namespace

std::int64_t EchoGuard::step_of(TimePoint when) const { return (when - origin_) / step_length; }

void EchoGuard::played(TimePoint at, std::span<const std::int16_t> samples) {
  if (ring_.empty()) {
    ring_.assign(ring_steps, audio::mulaw_silence);
    origin_ = at;
  }
  auto begin = std::max<std::int64_t>(step_of(at), 0);
  for (auto gap = std::max(end_, begin - ring_steps); gap < begin; ++gap)
    ring_[place(gap)] = audio::mulaw_silence;
  end_ = begin;
  for (std::size_t i = 0; i * step < samples.size(); ++i)
    ring_[place(end_++)] =
        audio::mulaw_encode(static_cast<std::int16_t>(std::lround(mean_of(samples, i))));
}

float EchoGuard::played_in(std::int64_t index) const {
  bool known = index >= 0 && index < end_ && index >= end_ - ring_steps;
  return known ? static_cast<float>(audio::mulaw_decode(ring_[place(index)])) : 0;
}

void EchoGuard::note_quiet(std::span<const std::int16_t> frame) {
  std::array<float, audio::telephone_frame_samples / step> thinned{};
  if (frame.size() != audio::telephone_frame_samples) return;
  differences([&](std::size_t i) { return mean_of(frame, i); }, thinned);
  double energy = 0;
  for (float value : thinned) energy += static_cast<double>(value) * value;
  energy /= static_cast<double>(thinned.size());
  // Sinks at once and rises slowly, so that soft speech does not count as noise.
  noise_ += (energy < noise_ ? 0.3 : 0.03) * (energy - noise_);
}

bool EchoGuard::may_hear(TimePoint now) const {
  return !ring_.empty() && step_of(now - longest_delay) < end_;
}

EchoGuard::Match EchoGuard::best_match(std::span<const float> heard,
                                       std::span<const float> reference, std::size_t first,
                                       std::size_t last) const {
  double heard_energy = 0;
  for (float value : heard) heard_energy += static_cast<double>(value) * value;
  Match best;
  if (heard_energy <= 0) return best;
  auto speech_energy = std::max(heard_energy - noise_ * static_cast<double>(heard.size()),
                                least_speech * heard_energy);
  // A delay of d steps: the window lies d steps before the reference's end.
  double energy = 0;
  auto start = reference.size() - heard.size() - first;
  for (std::size_t i = 0; i < heard.size(); ++i)
    energy += static_cast<double>(reference[start + i]) * reference[start + i];
  for (auto delay = first; delay <= last; ++delay, --start) {
    // Sixteen sums at once: the compiler makes vector instructions of them.
    std::array<float, 16> sums{};
    for (std::size_t i = 0; i + 16 <= heard.size(); i += 16)
      for (std::size_t k = 0; k < 16; ++k) sums[k] += heard[i + k] * reference[start + i + k];
    double product = 0;
    for (float sum : sums) product += sum;
    double share = energy > 1 ? product * product / (energy * speech_energy) : 0;
    if (share > best.share) best = {delay, share};
    if (start == 0) break;
    double entering = reference[start - 1], leaving = reference[start + heard.size() - 1];
    energy += entering * entering - leaving * leaving;
  }
  return best;
}

bool EchoGuard::is_echo(TimePoint now, std::span<const std::int16_t> window) {
  if (!may_hear(now) || window.size() != window_samples) return false;
  std::array<float, heard_steps> heard{};
  differences([&](std::size_t i) { return mean_of(window, i); }, heard);
  std::array<float, heard_steps + delay_steps> reference;
  auto begin = step_of(now) - static_cast<std::int64_t>(reference.size());
  differences([&](std::size_t i) { return played_in(begin + static_cast<std::int64_t>(i)); },
              reference);
  if (delay_ && sightings_ >= sightings_to_trust) {
    auto first = *delay_ - std::min(*delay_, drift_steps);
    auto match = best_match(heard, reference, first, std::min(delay_steps, *delay_ + drift_steps));
    if (match.share >= echo_where_expected) delay_ = match.delay;
    if (match.share >= echo_where_expected) return true;
  }
  auto match = best_match(heard, reference, 0, delay_steps);
  if (match.share < surely_echo) return false;
  auto apart =
      delay_ ? std::max(*delay_, match.delay) - std::min(*delay_, match.delay) : drift_steps + 1;
  sightings_ = apart <= drift_steps ? sightings_ + 1 : 1;
  delay_ = match.delay;
  return true;
}

}  // namespace parley::voice
