#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/settings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/providers/openai_audio/openai_recognizer.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"
#include "service_policies.hpp"

namespace parley::app {

/// A speech service outside that is in use, and a cheap question that tells whether it answers.
struct SpeechService {
  std::string name;
  std::string url;
  std::pair<std::string, std::string> credentials;  ///< a header; empty: none
  std::string key_setting;                          ///< what to look at when it refuses them
};

/// The engines that hear and speak, and what calls use of them. Members stand in the order of their
/// making.
struct SpeechEngines {
  std::vector<std::unique_ptr<speech::Recognizer>> recognizers;  ///< best first, the embedded last
  std::vector<std::unique_ptr<speech::Synthesizer>> synthesizers;  ///< the same
  std::unique_ptr<speech::Synthesizer> own_voice;    ///< the embedded ones: asking costs nothing
  std::unique_ptr<speech::Synthesizer> voice_chain;  ///< all of them
  std::unique_ptr<speech::Synthesizer> synthesizer;  ///< with what was said before
  std::unique_ptr<speech::Recognizer> recognizer;    ///< all of them
  providers::openai_audio::OpenAiRecognizer* uploads = nullptr;  ///< what stop() ends
  std::vector<SpeechService> services;

  speech::Recognizer& own_recognizer() { return *recognizers.back(); }
  /// "flite" or "espeak".
  speech::Synthesizer& embedded_voice(std::string_view name);
  /// When no call runs any more, before the I/O threads end.
  asio::awaitable<void> stop();
};

struct SpeechParts {
  const Settings& settings;
  asio::any_io_executor executor;
  Clock& clock;
  WorkerPool& hearing;
  WorkerPool& speaking;
  ServicePolicies& policies;
};

/// By speech.recognizers and speech.synthesizers: engines with keys first when these are empty.
/// Errors: invalid, naming the setting; unavailable (the embedded model is missing).
Result<SpeechEngines> make_speech_engines(SpeechParts parts);

}  // namespace parley::app
