#pragma once
#include <mutex>

#include "ear.hpp"
#include "echo_guard.hpp"
#include "mouth.hpp"
#include "parley/audio/answer_detector.hpp"
#include "parley/audio/stereo_recorder.hpp"
#include "parley/base/fifo.hpp"
#include "parley/base/task_group.hpp"
#include "parley/voice/call_session.hpp"
#include "session_control.hpp"

namespace parley::voice {

/// The parts of a running call and the loop that moves them. Everything runs on one strand; the
/// loop in run() is the only one that decides, the others bring frames, words and audio.
struct CallSession::Impl {
  Impl(SessionParts given, SessionSettings given_settings);

  asio::awaitable<SessionReport> run(Context ctx);

  std::atomic<bool> hang_up_requested = false;
  std::mutex executor_mutex;
  std::function<void()> wake;  ///< posts a notify to the session's strand while run() runs
  OrderBox orders;

 private:
  using Work = std::function<Task<dialog::TurnEnd>(dialog::Speaker&)>;

  asio::awaitable<void> converse(Context ctx);
  /// One turn of the agent: runs the dialogue and waits until it was heard or interrupted.
  asio::awaitable<void> agent_turn(Work work);
  asio::awaitable<void> think(Work work);
  asio::awaitable<void> until_heard();
  asio::awaitable<void> take_input(Context ctx);
  asio::awaitable<void> hear(Context ctx, Ear::Utterance utterance);
  asio::awaitable<void> answer(Context ctx, dialog::UserTurn turn);

  asio::awaitable<void> read_media();
  void on_media(telephony::MediaEvent& event);
  void on_audio(const telephony::MediaAudio& audio);
  void on_frame(std::span<const std::int16_t> frame);
  void on_digit(char digit);
  void on_text(std::string text);
  void on_speech_started();
  /// The caller makes a sound while the agent speaks: the voice stops at once, and whether it was
  /// an interruption is judged when more is known of it.
  void hold();
  void judge_sound();
  /// When to judge a held sound again though nothing was heard of it.
  TimePoint sound_deadline() const {
    return playout.held() ? ear.next_deadline() : TimePoint::max();
  }
  void go_on(std::string_view after);
  void interrupt();
  void finish_agent_turn();
  json::object latency_of_turn() const;
  std::optional<std::string> take_keys();

  asio::awaitable<void> write_recording();
  Duration since_start(TimePoint when) const { return when - started; }
  void journal(std::string kind, json::object data = {});
  void end(EndReason reason);

  // session_control.cpp
  /// Whether the agent speaks with the caller, or somebody, or something, else does.
  enum class Aside { no, on_hold, taken_over };
  void check_orders();
  void obey(HoldCall hold);
  void obey(TakeOverCall take);
  void obey(ResumeCall resume);
  void obey(SpeakLive speak);
  void obey(Whisper whisper);
  void obey(PressKeys press);
  void obey(ListenIn listen);
  void obey(StopListening stop);
  void set_aside(Aside how, std::string by);
  asio::awaitable<void> stay_aside();
  asio::awaitable<void> come_back();
  asio::awaitable<void> say_the_rest();
  asio::awaitable<bool> do_as_told();
  void pass_over_input();
  asio::awaitable<void> serve_listeners();
  void close_orders();

  // session_answering.cpp
  void watch_answer(std::span<const std::int16_t> frame);
  void obey(AnsweredBy answered);
  void check_answer();
  void cut_short();
  asio::awaitable<void> meet();
  asio::awaitable<void> recite(std::string text);
  asio::awaitable<void> tell_who_calls();
  asio::awaitable<bool> await_beep();
  asio::awaitable<void> leave_message();

  SessionParts parts;
  SessionSettings settings;
  Signal changed;  ///< something the deciding loop looks at has changed
  Playout playout;
  Mouth mouth;
  Ear ear;
  EchoGuard echo;
  audio::StereoRecorder recorder;

  TimePoint started{};
  std::optional<EndReason> ended;
  dialog::TurnEnd last_end;
  std::string phase;          ///< that the dialogue is in; empty before the greeting
  bool agent_active = false;  ///< a turn of the agent is being made or played
  bool interrupted = false;   ///< this turn of the agent was
  bool spoke_when_held = false;
  TimePoint held_since{};
  Playout::Heard heard;     ///< of the interrupted turn
  bool may_resume = false;  ///< the last interruption has not yet turned out to be words
  int silences = 0;
  int failures_in_row = 0;  ///< turns the dialogue failed on
  int voiceless_turns = 0;  ///< turns in a row of which nothing could be spoken
  TimePoint quiet_since{};
  std::string keys;
  TimePoint last_key{};
  Fifo<std::string> typed;                 ///< turns the caller typed, not yet answered
  audio::Samples partial_frame;            ///< audio that does not fill a frame yet
  std::optional<Duration> carrier_offset;  ///< our time minus the carrier's, since the start
  std::optional<Ear::Utterance> answered;  ///< the caller's turn being answered, for its latency
  SessionReport report;

  Aside aside = Aside::no;
  Aside back_from = Aside::no;  ///< the agent has not gone on yet
  Fifo<audio::Samples> live;    ///< of who took over, not yet given to the playout
  Fifo<std::string> to_say;     ///< sentences that people gave the agent
  std::string to_press;
  Listening listening;
  Signal somebody_listens;

  std::optional<audio::AnswerDetector> picked_up;        ///< of a call that we made
  audio::AnswerKind met = audio::AnswerKind::undecided;  ///< the verdict that was acted on
  bool to_meet = false;            ///< `met` is no person and not dealt with yet
  bool reciting = false;           ///< what is said is not for a caller to interrupt
  bool greeting_over = false;      ///< by the carrier's word
  bool beep_cuts_message = false;  ///< a message was begun without one
  int screenings = 0;
  std::string ended_with;  ///< instead of the dialogue's outcome
};

}  // namespace parley::voice
