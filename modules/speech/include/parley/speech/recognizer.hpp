#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/context.hpp"

namespace parley::speech {

/// What the caller is likely to say next, told by the dialogue. An engine with a grammar or a
/// language model of its own uses it whole; a general engine takes `keywords` as hints; an engine
/// that can do neither ignores it. Immutable, and shared because engines cache what they build from
/// it under `fingerprint`.
struct Expectation {
  /// Names the dialogue's state ("open", "when", "confirm", "name"): for logs and caches.
  std::string name;
  /// A JSGF grammar body (rules, the public one called <utterance>) that covers the expected
  /// answers; empty when there is none. Words are lower case ASCII.
  std::string grammar;
  /// Sentences the caller may say besides, in plain lower-case words, for an n-gram model: document
  /// sentences, example questions. A sentence that appears more often weighs more.
  std::vector<std::string> sentences;
  /// Words and names of the business that a general model would miss.
  std::vector<std::string> keywords;
  /// Distinguishes contents: equal fingerprints mean equal expectations.
  std::string fingerprint;
};

struct Transcript {
  std::string text;         ///< lower-case words, no punctuation unless the engine gives it
  double confidence = 0.0;  ///< 0..1, the engine's belief that `text` is what was said
  bool is_final = false;    ///< partials may change, finals do not
  /// Other readings, best first, without `text` itself. May be empty.
  std::vector<std::string> alternatives;
  /// Of a partial: so many first bytes of `text` will not change any more, and they are the words
  /// of this much of the utterance's audio (zero: the engine does not say).
  std::size_t settled_bytes = 0;
  Duration settled_until{};
};

struct RecognizerOptions {
  std::string language = "en-US";
  int rate_hz = audio::telephone_rate_hz;
  /// What is expected first, for engines that are told when they begin; may be null.
  std::shared_ptr<const Expectation> expectation;
};

/// One live audio stream, used from one strand; send() and next() may overlap.
class RecognizerSession {
 public:
  virtual ~RecognizerSession() = default;
  /// Takes effect with the next utterance (after the next finalize()).
  virtual void expect(std::shared_ptr<const Expectation> expectation) = 0;
  /// Errors: rate_limited when the engine's window is full; the caller drops the frame.
  virtual Task<void> send(audio::Frame frame) = 0;
  /// The utterance is over: next() soon gives a final transcript of all that was sent since the
  /// last finalize(), empty text when no words were heard.
  virtual Task<void> finalize() = 0;
  /// Partials and finals in order. Errors: end_of_stream after close(); unavailable if the engine
  /// hung up.
  virtual Task<Transcript> next() = 0;
  /// Idempotent. Pending next() calls end with end_of_stream.
  virtual Task<void> close() = 0;
};

/// What every speech-recognition engine implements. Thread-safe.
class Recognizer {
 public:
  virtual ~Recognizer() = default;
  virtual std::string name() const = 0;
  virtual Task<std::unique_ptr<RecognizerSession>> open(Context ctx, RecognizerOptions options) = 0;
};

}  // namespace parley::speech
