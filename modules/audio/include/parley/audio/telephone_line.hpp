#pragma once
#include <cstdint>
#include <span>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// What a telephone does to a voice, for callers who are simulated. Pure functions; the same seed
/// gives the same noise.

/// Only 300 to 3400 Hz are left, in four poles at each end.
Samples telephone_band(std::span<const std::int16_t> samples, int rate_hz);

enum class Noise {
  white,   ///< a hissing line
  room,    ///< falls with frequency: fans, traffic, an office
  babble,  ///< room noise whose loudness wavers like distant talk
};

/// Adds noise `snr_db` below the voice's own level, which is taken over its loud parts only.
Samples add_noise(std::span<const std::int16_t> samples, double snr_db, std::uint64_t seed,
                  Noise kind = Noise::room);

struct TelephoneLine {
  double snr_db = 20.0;
  std::uint64_t seed = 1;
  Noise noise = Noise::room;
  double level_dbfs = -22.0;                       ///< of the voice's loud parts
  Duration lead = std::chrono::milliseconds(300);  ///< line noise before the voice
  Duration tail = std::chrono::milliseconds(300);  ///< and after it
};

/// The whole line: to 8 kHz, band, level, noise before, under and after the voice, mu-law there and
/// back. Throws std::invalid_argument for a rate that cannot be converted.
Samples over_the_telephone(std::span<const std::int16_t> voice, int rate_hz,
                           TelephoneLine line = {});

/// The middle level of the loud parts, in dB below full scale.
double speech_level_dbfs(std::span<const std::int16_t> samples, int rate_hz);

}  // namespace parley::audio
