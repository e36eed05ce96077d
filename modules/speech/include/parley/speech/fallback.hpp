#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::speech {

/// Called when an engine was given up for the next one: which, and why. For logs and metrics. May
/// be called from any thread that uses the engines.
using OnFallback = std::function<void(const std::string& engine, const Error& error)>;

struct RecognizerFallbackOptions {
  Duration open_limit = std::chrono::milliseconds(800);    ///< for a session to open
  Duration answer_limit = std::chrono::milliseconds(800);  ///< for the words after finalize()
  Duration rest = std::chrono::seconds(30);                ///< of an engine that failed
};

/// Several recognizers as one, best first. open() takes the first that answers in time. When an
/// engine fails in the middle of a call, or owes words for longer than `answer_limit`, the session
/// opens the next one: words that were settled are kept, and the audio after them, of at most
/// fifteen seconds, is given again, so that the caller's sentence is not lost. An engine that
/// failed rests: other calls begin with the next one, until one of them tries it anew. The last
/// engine has no limits and no rest, for nobody follows it; when it fails, engines that rest are
/// tried after all. The engines must outlive it. Thread-safe.
class FallbackRecognizer final : public Recognizer {
 public:
  FallbackRecognizer(Clock& clock, std::vector<Recognizer*> engines, OnFallback on_fallback = {},
                     RecognizerFallbackOptions options = {});
  std::string name() const override;
  Task<std::unique_ptr<RecognizerSession>> open(Context ctx, RecognizerOptions options) override;

  struct Team;  ///< shared with the sessions

 private:
  std::shared_ptr<Team> team_;
};

struct SynthesizerFallbackOptions {
  Duration first_audio_limit = std::chrono::milliseconds(800);
  /// Between two pieces: a caller has heard all there is by then.
  Duration gap_limit = std::chrono::seconds(2);
  Duration rest = std::chrono::seconds(30);  ///< of an engine that failed
};

/// Several synthesizers as one, best first. An engine that refuses the text or the language, fails
/// or says nothing for `first_audio_limit` is followed by the next; after its first audio a failure
/// ends the stream, since two voices in one sentence are worse than a cut. An engine that failed
/// rests as with recognizers, so that callers wait for it once and not for every sentence. The
/// voice name belongs to the first engine; the others use their default. The engines must outlive
/// it. Thread-safe.
class FallbackSynthesizer final : public Synthesizer {
 public:
  FallbackSynthesizer(Clock& clock, std::vector<Synthesizer*> engines, OnFallback on_fallback = {},
                      SynthesizerFallbackOptions options = {});
  std::string name() const override;
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context ctx, std::string text,
                                                    VoiceOptions options) override;

  struct Team;  ///< shared with the streams

 private:
  std::shared_ptr<Team> team_;
};

}  // namespace parley::speech
