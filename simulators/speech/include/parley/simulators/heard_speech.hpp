#pragma once
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"

namespace parley::simulators {

/// What is heard at one point of an utterance.
struct HeardResult {
  Duration after{};  ///< so much of the utterance's audio having come
  std::string text;
  bool is_final = false;      ///< the text is fixed, and what follows comes after it
  bool speech_final = false;  ///< and the speaker paused
};

struct HeardUtterance {
  std::string text;  ///< all of it
  /// As the audio comes in; empty: one more word every 300 ms, none of them final.
  std::vector<HeardResult> results;
  std::string language = "en";
  double confidence = 0.95;
  bool utterance_end = false;  ///< told after the results, for want of a speech_final
};

/// What coming sessions hear. Thread-safe.
class SpeechScript {
 public:
  static std::vector<std::string> usual_phrases();

  /// Each session hears these in order, then again from the first.
  void set_phrases(std::vector<std::string> phrases);
  std::vector<std::string> phrases() const;
  /// One coming session hears this instead, and after it nothing.
  void next_session(std::vector<HeardUtterance> utterances);

  struct Session {
    std::vector<HeardUtterance> utterances;
    bool repeats = true;
  };
  Session take();

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> phrases_ = usual_phrases();
  std::deque<std::vector<HeardUtterance>> coming_;
};

/// One session's ear. Used from one strand.
class Hearing {
 public:
  explicit Hearing(SpeechScript::Session session) : session_(std::move(session)) {}

  /// What is to be said after this piece of audio.
  std::vector<HeardResult> on_audio(std::span<const std::int16_t> samples, int rate_hz);
  /// The utterance is over: what of it was not final yet, empty when there was only silence.
  HeardResult finalize();
  /// The running one; after finalize() still the one that ended, until audio comes.
  const HeardUtterance& utterance() const;
  Duration heard() const noexcept { return heard_; }      ///< of the whole session
  Duration settled() const noexcept { return settled_; }  ///< up to the last final
  bool utterance_end_due();                               ///< told once

 private:
  const HeardUtterance* current() const;

  SpeechScript::Session session_;
  std::size_t next_ = 0;
  std::size_t results_given_ = 0;
  std::size_t words_final_ = 0;
  Duration heard_{};
  Duration settled_{};
  Duration of_utterance_{};
  bool is_loud_ = false;
  bool end_told_ = false;
  HeardUtterance over_;
};

}  // namespace parley::simulators
