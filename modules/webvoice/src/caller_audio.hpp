#pragma once
#include <optional>
#include <variant>

#include "opening.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/audio/webm_opus.hpp"

namespace parley::webvoice {

/// A browser's binary messages to telephone samples, in the format that it announced.
class CallerAudio {
 public:
  /// Errors: unsupported, resource_exhausted.
  static Result<CallerAudio> create(const AudioFormat& format);
  /// Errors: invalid (half a sample), and WebmOpusDecoder::feed()'s.
  Result<audio::Samples> feed(std::span<const std::byte> piece);

 private:
  struct Pcm {
    std::optional<audio::Resampler> resampler;  ///< none: it comes at the telephone's rate
  };
  using Decoder = std::variant<Pcm, audio::WebmOpusDecoder>;
  explicit CallerAudio(Decoder decoder) : decoder_(std::move(decoder)) {}
  Decoder decoder_;
};

}  // namespace parley::webvoice
