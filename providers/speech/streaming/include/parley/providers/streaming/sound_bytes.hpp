#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "parley/audio/resampler.hpp"

namespace parley::providers::streaming {

enum class Coding { pcm, mulaw };  ///< 16 bits little-endian, or G.711

/// Turns the bytes of a vendor's stream into samples at the rate that is wanted. Pieces may end in
/// the middle of a sample. A WAV header at the beginning, which some servers send unasked, is taken
/// at its word for the rate and left out. One stream, one thread at a time.
class SoundBytes {
 public:
  struct Options {
    Coding coding = Coding::pcm;
    int rate_hz = 24'000;  ///< of the bytes
    int wanted_hz = audio::telephone_rate_hz;
  };
  explicit SoundBytes(Options options) : options_(options) {}

  /// May give none. Errors: invalid (no such change of rate), corrupt (a header that makes no
  /// sense).
  Result<audio::Samples> take(std::string_view bytes);
  /// The rest; half a sample is left out.
  audio::Samples flush();

 private:
  Result<void> take_header();
  Options options_;
  std::string waiting_;
  bool begun_ = false;
  std::optional<audio::Resampler> resampler_;
};

}  // namespace parley::providers::streaming
