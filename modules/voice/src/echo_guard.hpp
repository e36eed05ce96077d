#pragma once
#include <optional>
#include <span>
#include <vector>

#include "parley/audio/frame.hpp"

namespace parley::voice {

/// Knows the agent's own voice when it comes back on the caller's channel: from a speaker phone, or
/// from a network without an echo canceller. What is heard is compared with what was played up to
/// 700 ms before: an echo is a copy of it, softer and later, whatever its level.
///
/// Work is done only while the agent is audible and something that sounds like speech arrives:
/// about 50 us a frame until the delay is known, a tenth of that afterwards.
class EchoGuard {
 public:
  /// Compared at 2 kHz, a step for four samples: a telephone's voice has its strength there.
  static constexpr std::size_t step = 4;
  /// How much of the caller's sound is compared: the last 160 ms.
  static constexpr std::size_t window_samples = 1280;
  static constexpr Duration longest_delay = std::chrono::milliseconds(700);

  /// `samples` play from `at` on; what was told for a later time is replaced.
  void played(TimePoint at, std::span<const std::int16_t> samples);
  /// Something of the agent's could come back now.
  bool may_hear(TimePoint now) const;
  /// A frame without speech: how loud the line is by itself.
  void note_quiet(std::span<const std::int16_t> frame);
  /// The sound that ends now (window_samples, 8 kHz) is mostly a copy of what was played.
  bool is_echo(TimePoint now, std::span<const std::int16_t> window);

 private:
  struct Match {
    std::size_t delay = 0;  ///< in steps
    double share = 0;       ///< of the window's energy, the line's noise left out, that it explains
  };
  Match best_match(std::span<const float> heard, std::span<const float> reference,
                   std::size_t first, std::size_t last) const;
  std::int64_t step_of(TimePoint when) const;
  float played_in(std::int64_t index) const;

  /// About two seconds of what was played, the mean of each step, in mu-law; none until something
  /// was.
  std::vector<std::uint8_t> ring_;
  TimePoint origin_{};
  std::int64_t end_ = 0;              ///< index of the step after the last one played
  double noise_ = 0;                  ///< energy of a step of the line's noise
  std::optional<std::size_t> delay_;  ///< where the last echoes were
  int sightings_ = 0;                 ///< of echoes with that delay
};

}  // namespace parley::voice
