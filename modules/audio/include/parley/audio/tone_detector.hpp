#pragma once
#include <array>
#include <optional>
#include <span>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// Finds pure tones in telephone sound: the beep of an answering machine, fax, the network's three
/// rising tones, ringing. By the spectrum of the last 64 ms, every 20 ms; about 15 us a frame. One
/// stream, one thread at a time; allocates nothing.
class ToneDetector {
 public:
  enum class Kind {
    beep,      ///< one tone of 120 ms to 2.5 s, 350 to 2700 Hz
    fax,       ///< the answer tone at 2100 Hz
    fax_call,  ///< half a second of 1100 Hz, once more after three seconds
    network,   ///< special information tones: the number is not in service
    ringing,   ///< ringback below 500 Hz, or a line tone that does not end
  };
  /// A tone that is over, or (fax, ringing) long enough to be known.
  struct Found {
    Kind kind = Kind::beep;
    double hz = 0;
    Duration began{};  ///< since the start of the stream
    Duration length{};
  };

  ToneDetector();
  /// One telephone frame. Tells a tone once, up to 160 ms after its end, when what follows shows
  /// what it was.
  std::optional<Found> process(std::span<const std::int16_t> frame);
  /// This very frame is a tone, and so no speech.
  bool tonal() const noexcept { return tonal_; }

 private:
  struct Run {
    bool active = false;
    double hz = 0;
    Duration began{};
    Duration last{};  ///< the end of its last tonal frame
    bool told = false;
    Duration length() const { return last - began; }
  };
  struct Spectrum {
    double hz = 0;
    double purity = 0;  ///< share of the strongest tone
    double level_dbfs = -96;
  };
  static constexpr std::size_t window = 512;

  Spectrum look() const;
  std::optional<Found> close(Run run);
  std::optional<Found> judge();

  std::array<float, window> recent_{};
  Duration now_{};
  bool tonal_ = false;
  Run run_;
  std::optional<Found> waiting_;  ///< a beep, unless another tone follows at once
  /// Ends of the last two tones.
  Duration previous_end_ = std::chrono::hours(-1);
  Duration before_previous_end_ = std::chrono::hours(-1);
  int rising_ = 0;                            ///< special information tones in a row
  std::optional<Duration> half_second_1100_;  ///< the end of the last
};

}  // namespace parley::audio
