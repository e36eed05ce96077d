#include "parley/audio/stereo_recorder.hpp"

#include <algorithm>

namespace parley::audio {

std::int64_t StereoRecorder::samples_in(Duration duration) const {
  constexpr std::int64_t second = 1'000'000'000;
  // Whole seconds first: hours of nanoseconds times the rate would overflow.
  const auto count = std::max<std::int64_t>(0, duration.count());
  return count / second * options_.rate_hz + count % second * options_.rate_hz / second;
}

void StereoRecorder::add(Track track, Duration at, std::span<const std::int16_t> samples) {
  auto& pending = pending_[static_cast<std::size_t>(track)];
  std::int64_t start = samples_in(at) - drained_;
  if (start < 0) {
    const auto late = std::min<std::int64_t>(-start, static_cast<std::int64_t>(samples.size()));
    samples = samples.subspan(static_cast<std::size_t>(late));
    start += late;
    if (samples.empty()) return;
  }
  const auto limit =
      std::min(samples_in(options_.max_buffered), samples_in(options_.max_length) - drained_);
  const auto room = std::max<std::int64_t>(0, limit - start);
  if (room < static_cast<std::int64_t>(samples.size())) {
    truncated_ = true;
    samples = samples.first(static_cast<std::size_t>(room));
    if (samples.empty()) return;
  }
  const auto begin = static_cast<std::size_t>(start);
  if (pending.size() < begin + samples.size()) pending.resize(begin + samples.size(), 0);
  std::ranges::copy(samples, pending.begin() + static_cast<std::ptrdiff_t>(begin));
}

Samples StereoRecorder::drain_to(std::int64_t end) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, end - drained_));
  Samples result(2 * count, 0);
  for (std::size_t track = 0; track < 2; ++track) {
    auto& pending = pending_[track];
    const auto have = std::min(count, pending.size());
    for (std::size_t i = 0; i < have; ++i) result[2 * i + track] = pending[i];
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(have));
  }
  drained_ += static_cast<std::int64_t>(count);
  return result;
}

Samples StereoRecorder::drain(Duration until) {
  return drain_to(std::min(samples_in(until), samples_in(options_.max_length)));
}

Samples StereoRecorder::drain_all() {
  const auto longest = std::max(pending_[0].size(), pending_[1].size());
  return drain_to(drained_ + static_cast<std::int64_t>(longest));
}

Duration StereoRecorder::length() const {
  const auto longest = std::max(pending_[0].size(), pending_[1].size());
  const auto total = drained_ + static_cast<std::int64_t>(longest);
  const auto seconds = std::chrono::seconds(total / options_.rate_hz);
  return seconds +
         std::chrono::nanoseconds(total % options_.rate_hz * 1'000'000'000 / options_.rate_hz);
}

}  // namespace parley::audio
