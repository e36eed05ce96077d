#pragma once
#include <functional>
#include <mutex>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::speech {

/// Called when an engine was given up for the next one: which, and why. For logs and metrics. May
/// be called from any thread that uses the engines.
using OnFallback = std::function<void(const std::string& engine, const Error& error)>;

/// Several recognizers as one, best first. open() takes the first that answers. When an engine
/// fails in the middle of a call, the session opens the next one and gives it the audio of the
/// running utterance again, so that the caller's sentence is not lost. The engines must outlive it.
class FallbackRecognizer final : public Recognizer {
 public:
  explicit FallbackRecognizer(std::vector<Recognizer*> engines, OnFallback on_fallback = {});
  std::string name() const override;
  Task<std::unique_ptr<RecognizerSession>> open(Context ctx, RecognizerOptions options) override;

 private:
  std::vector<Recognizer*> engines_;
  OnFallback on_fallback_;
};

/// Several synthesizers as one, best first. An engine that refuses the text or the language, or
/// fails before its first audio, is followed by the next; after its first audio a failure ends the
/// stream, since two voices in one sentence are worse than a cut. One that says nothing for
/// `silence_limit` hangs: the next one speaks, and for `rest` the sentences go there at once, so
/// that callers wait for it once and not for every sentence. The voice name belongs to the first
/// engine; the others use their default. The engines must outlive it. Thread-safe.
class FallbackSynthesizer final : public Synthesizer {
 public:
  /// A caller hears something within three seconds, also from the second engine.
  static constexpr Duration silence_limit = std::chrono::milliseconds(1500);
  static constexpr Duration rest = std::chrono::seconds(30);

  FallbackSynthesizer(Clock& clock, std::vector<Synthesizer*> engines, OnFallback on_fallback = {});
  std::string name() const override;
  Task<std::unique_ptr<SynthesisStream>> synthesize(Context ctx, std::string text,
                                                    VoiceOptions options) override;

 private:
  bool is_resting(std::size_t engine) const;
  Clock& clock_;
  std::vector<Synthesizer*> engines_;
  mutable std::mutex mutex_;
  std::vector<TimePoint> rests_until_;  ///< under mutex_: of each engine
  OnFallback on_fallback_;
};

}  // namespace parley::speech
