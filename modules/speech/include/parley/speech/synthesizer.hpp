#pragma once
#include <memory>
#include <string>

#include "parley/audio/frame.hpp"
#include "parley/base/context.hpp"

namespace parley::speech {

struct VoiceOptions {
  std::string voice;  ///< the engine's name for it; empty means its default
  std::string language = "en-US";
  double speed = 1.0;                      ///< 0.5..2.0
  int rate_hz = audio::telephone_rate_hz;  ///< the rate next() delivers
};

/// The audio of one piece of text, in order. Used from one strand; destroying it cancels the rest.
class SynthesisStream {
 public:
  virtual ~SynthesisStream() = default;
  /// Errors: end_of_stream after the last piece; unavailable if the engine failed half-way.
  virtual Task<audio::Frame> next() = 0;
};

/// What every speech-synthesis engine implements. Thread-safe.
class Synthesizer {
 public:
  virtual ~Synthesizer() = default;
  virtual std::string name() const = 0;
  /// `text` is plain text, at most 2,000 bytes. Errors: invalid, too_large, unavailable, timeout.
  virtual Task<std::unique_ptr<SynthesisStream>> synthesize(Context ctx, std::string text,
                                                            VoiceOptions options) = 0;
};

}  // namespace parley::speech
