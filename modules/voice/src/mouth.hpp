#pragma once
#include <functional>
#include <string>

#include "parley/base/fifo.hpp"
#include "parley/dialog/dialogue.hpp"
#include "parley/speech/synthesizer.hpp"
#include "playout.hpp"

namespace parley::voice {

/// Turns sentences into audio for the playout, one after the other, while the dialogue still thinks
/// of the next. What belongs to an interrupted turn is dropped.
class Mouth final : public dialog::Speaker {
 public:
  Mouth(Clock& clock, speech::Synthesizer& synthesizer, Playout& playout,
        speech::VoiceOptions voice);

  /// A new turn: what say() gets from now on belongs to it.
  void begin();
  void say(std::string sentence) override;
  /// No more sentences for this turn.
  void finish();
  /// Stops at once. What was said but not heard, also what the dialogue says later in this turn, is
  /// kept for resume().
  Playout::Heard interrupt();
  /// Says again what an interruption that was none kept from the caller. False if there is nothing.
  bool resume();

  /// The agent is in its last sentence as far as it is known, and that is a question: a "yes" now
  /// is an answer to it.
  bool asking() const;

  /// All the text of this turn so far.
  const std::string& text() const noexcept { return text_; }
  bool said_anything() const noexcept { return !text_.empty(); }
  std::optional<TimePoint> first_sentence() const noexcept { return first_sentence_; }
  /// Sentences that could not be spoken, in this turn.
  int failures() const noexcept { return failures_; }

  /// Synthesizes; ends only by cancellation.
  asio::awaitable<void> run(Context ctx);

  std::function<void(const Error&)> on_failure;

 private:
  struct Sentence {
    Playout::Generation generation;
    std::string text;
  };
  asio::awaitable<void> speak(Context ctx, Sentence sentence);

  Clock& clock_;
  speech::Synthesizer& synthesizer_;
  Playout& playout_;
  speech::VoiceOptions voice_;
  Signal work_;
  Fifo<Sentence> queue_;
  Playout::Generation generation_ = 0;
  bool finished_ = false;  ///< finish() was called for the running turn
  bool interrupted_ = false;
  bool busy_ = false;
  std::vector<std::string> unheard_;
  std::string text_;
  std::string last_sentence_;
  std::optional<TimePoint> first_sentence_;
  int failures_ = 0;
};

}  // namespace parley::voice
