#pragma once
#include <cstdint>
#include <vector>

#include "parley/base/clock.hpp"

namespace parley::audio {

/// Telephone audio inside Parley: 16-bit linear, mono.
using Samples = std::vector<std::int16_t>;

inline constexpr int telephone_rate_hz = 8000;
inline constexpr auto frame_length = std::chrono::milliseconds(20);
inline constexpr std::size_t telephone_frame_samples = 160;

/// A piece of audio with its sampling rate.
struct Frame {
  Samples samples;
  int rate_hz = telephone_rate_hz;

  Duration duration() const {
    return std::chrono::nanoseconds(1'000'000'000 * static_cast<std::int64_t>(samples.size()) /
                                    rate_hz);
  }
};

}  // namespace parley::audio
