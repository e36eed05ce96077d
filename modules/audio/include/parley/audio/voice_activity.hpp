#pragma once
#include <array>
#include <memory>
#include <span>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// Tells speech from silence and noise, one telephone frame (20 ms at 8 kHz) after the other.
/// WebRTC's detector decides by spectrum; a second guard asks that the frame stands out of the
/// noise floor of the last second, so that steady noise and line hum do not count. Speech starts
/// after a few frames of it and ends only after a stretch without. One stream, one thread at a
/// time; about 2 us a frame.
class VoiceActivityDetector {
 public:
  struct Options {
    int aggressiveness = 2;  ///< 0..3 of the WebRTC detector; higher hears less
    /// How much voiced sound within the last `start_after + 40 ms` makes a start.
    Duration start_after = std::chrono::milliseconds(80);
    Duration end_after = std::chrono::milliseconds(200);  ///< without a voiced frame
    double band_margin_db = 6.5;   ///< over the noise floor, in the band that stands out most
    double mean_margin_db = 4.0;   ///< or over all bands together
    double quietest_dbfs = -58.0;  ///< anything softer is silence
  };
  struct Activity {
    bool speech = false;   ///< the state with hysteresis: between a start and an end
    bool started = false;  ///< true on the frame at which speech is recognised as started
    bool ended = false;    ///< true on the frame at which it is recognised as ended
    bool voiced = false;   ///< this very frame, without hysteresis
    double level_dbfs = -96.0;
  };

  VoiceActivityDetector() : VoiceActivityDetector(Options{}) {}
  explicit VoiceActivityDetector(Options options);
  ~VoiceActivityDetector();
  VoiceActivityDetector(VoiceActivityDetector&&) noexcept;
  VoiceActivityDetector& operator=(VoiceActivityDetector&&) noexcept;

  /// `frame` has telephone_frame_samples samples at telephone_rate_hz; a frame of another size
  /// counts as silence of its own kind: not voiced.
  Activity process(std::span<const std::int16_t> frame);
  /// Forgets everything, as at the start of a call.
  void reset();

  /// Level of the last second's quietest parts, hum left out.
  double noise_floor_dbfs() const noexcept;
  const Options& options() const noexcept { return options_; }

 private:
  struct State;
  Options options_;
  std::unique_ptr<State> state_;
};

}  // namespace parley::audio
