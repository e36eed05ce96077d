#pragma once
#include <array>
#include <span>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// The recording of a call: two tracks on one time line, caller left, agent right. Pieces are
/// placed by their time, so gaps become silence and both sides stay in step. What is finished is
/// drained into a file while the call runs; only the part that may still change stays in memory.
/// One thread at a time.
class StereoRecorder {
 public:
  enum class Track { caller, agent };
  struct Options {
    int rate_hz = telephone_rate_hz;
    Duration max_length = std::chrono::hours(4);  ///< of the whole recording; the rest is dropped
    Duration max_buffered = std::chrono::minutes(5);  ///< not yet drained, per track
  };
  StereoRecorder() : StereoRecorder(Options{}) {}
  explicit StereoRecorder(Options options) : options_(options) {}

  /// Places `samples` at `at` from the start of the call. A piece that lies over an earlier one
  /// replaces it (duplicates do no harm); a part that lies before what is drained is dropped.
  void add(Track track, Duration at, std::span<const std::int16_t> samples);

  /// Takes out everything before `until`, interleaved left and right, silence where nothing was
  /// placed. Called with rising times.
  Samples drain(Duration until);
  /// Takes out all the rest.
  Samples drain_all();

  /// The end of the later track.
  Duration length() const;
  /// True once a bound made something be dropped.
  bool truncated() const noexcept { return truncated_; }
  const Options& options() const noexcept { return options_; }

 private:
  std::int64_t samples_in(Duration duration) const;
  Samples drain_to(std::int64_t end);

  Options options_;
  std::int64_t drained_ = 0;        ///< samples already taken out
  std::array<Samples, 2> pending_;  ///< each starts at drained_
  bool truncated_ = false;
};

}  // namespace parley::audio
