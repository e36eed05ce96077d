#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "echo_guard.hpp"
#include "endpointer.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/base/fifo.hpp"
#include "parley/base/signal.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::voice {

/// The hearing side of a call: finds the caller's turns in the frames and gets their words.
/// Only speech, with a little before it, goes to the recognizer, so a silent caller costs nothing.
class Ear {
 public:
  /// One turn of the caller.
  struct Utterance {
    std::string text;  ///< empty when no words were found in it
    double confidence = 0.0;
    std::vector<std::string> alternatives;
    Duration voiced{};  ///< how much of it was speech
    TimePoint speech_started{};
    TimePoint speech_ended{};  ///< the last voiced frame
    TimePoint decided{};       ///< when the turn was taken to be over
    TimePoint recognized{};    ///< when its words were there
    bool lost = false;         ///< the recognizer failed on it
  };

  /// `changed` is notified when a turn begins or ends, and when its words are there.
  Ear(Clock& clock, speech::Recognizer& recognizer, Signal& changed,
      const SessionSettings& settings);

  /// One frame of 20 ms, as it arrives.
  void on_frame(std::span<const std::int16_t> frame);
  void expect(std::shared_ptr<const speech::Expectation> expectation);

  /// The caller is speaking (or pausing inside a turn).
  bool hearing() const noexcept { return state_ == State::hearing; }
  /// How long the caller has not spoken inside their turn.
  Duration pause() const noexcept { return last_frame_ - current_.speech_ended; }
  /// The words of the running turn as far as the engine has told them.
  const std::string& words_so_far() const noexcept { return so_far_.text; }
  /// A turn is over and its words are awaited.
  bool awaiting_words() const noexcept { return !pending_.empty(); }
  std::optional<Utterance> take();
  /// The one take() would give; null when there is none.
  const Utterance* first() const { return ready_.empty() ? nullptr : &ready_.front(); }
  /// How much of the running turn was speech so far.
  Duration voiced() const noexcept { return current_.voiced; }
  /// The running turn began while the agent spoke: a sound that may be no more than "uh-huh" ends
  /// soon.
  void note_over_agent() noexcept { over_agent_ = true; }
  /// Ends a turn whose frames stopped coming and gives up on words that are too late. Call whenever
  /// next_deadline() passes.
  void check_time();
  TimePoint next_deadline() const noexcept;
  /// No engine hears this call at the moment.
  bool deaf() const noexcept { return deaf_; }

  /// Keeps the recognizer's session open, through failures; ends only by cancellation.
  asio::awaitable<void> run(Context ctx);

  std::function<void()> on_speech_started;
  /// Whether the sound that ends now, EchoGuard::window_samples of it, is the agent's own.
  std::function<bool(std::span<const std::int16_t> window)> is_echo;
  std::function<void(std::span<const std::int16_t> frame)> on_quiet_frame;
  std::function<void(const Error&)> on_failure;
  /// The caller pauses, and what they have said is probably all: called at most `most_guesses`
  /// times a turn, each time with other words.
  std::function<void(const speech::Transcript& so_far)> on_likely_end;
  static constexpr int most_guesses = 3;

 private:
  enum class State { idle, hearing };
  struct Finalize {};
  using Outgoing = std::variant<audio::Frame, Finalize, std::shared_ptr<const speech::Expectation>>;

  bool speech_begins(const audio::VoiceActivityDetector::Activity& activity);
  void remember(std::span<const std::int16_t> frame);
  void begin_turn();
  /// How long the running pause may be.
  Duration patience();
  void note_partial(speech::Transcript partial);
  void end_turn();
  void push(Outgoing item);
  void lose_pending();
  asio::awaitable<void> send_all(speech::RecognizerSession& session);
  asio::awaitable<void> receive_all(speech::RecognizerSession& session);
  void failed(const Error& error);

  Clock& clock_;
  speech::Recognizer& recognizer_;
  const SessionSettings& settings_;
  audio::VoiceActivityDetector activity_;
  State state_ = State::idle;
  audio::Samples recent_;    ///< the last frames: the pre-roll, and what is_echo() looks at
  std::uint32_t own_ = 0;    ///< one bit for each of the last frames: voiced and no echo
  bool start_owed_ = false;  ///< the detector's start was an echo's; speech may be under it
  bool over_agent_ = false;
  TimePoint last_frame_{};
  Utterance current_;
  speech::Transcript so_far_;  ///< of the running turn
  TimePoint so_far_at_{};
  std::optional<EndEstimate> estimate_;  ///< of the running pause, until it or the words change
  std::string guessed_;                  ///< the words on_likely_end was last called with
  int guesses_ = 0;
  Fifo<Utterance> pending_;  ///< decided, words awaited; in the order of their finals
  Fifo<Utterance> ready_;
  Fifo<Outgoing> outgoing_;
  std::shared_ptr<const speech::Expectation> expectation_;
  Signal& changed_;
  Signal work_;
  Signal restart_;
  bool deaf_ = false;
  bool give_up_ = false;  ///< the session is too late: open another
};

}  // namespace parley::voice
