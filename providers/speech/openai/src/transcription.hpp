#pragma once
#include "parley/audio/frame.hpp"
#include "parley/providers/openai_audio/openai_recognizer.hpp"

namespace parley::providers::openai_audio {

inline constexpr int upload_rate_hz = 16'000;

/// One upload.
struct Recording {
  audio::Samples samples;  ///< at upload_rate_hz
  std::string language;    ///< "en"
  std::string prompt;      ///< words it is likely to hold; may be empty
};

/// The words of a recording. Errors: as the port's next().
Task<std::string> transcribe(Context ctx, Clock& clock, net::Upstream& api,
                             const RecognizerAccount& account, const Recording& recording);

}  // namespace parley::providers::openai_audio
