#pragma once
#include <mutex>

#include "ear.hpp"
#include "mouth.hpp"
#include "parley/audio/stereo_recorder.hpp"
#include "parley/base/task_group.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::voice {

/// The parts of a running call and the loop that moves them. Everything runs on one strand; the
/// loop in run() is the only one that decides, the others bring frames, words and audio.
struct CallSession::Impl {
  Impl(SessionParts given, SessionSettings given_settings);

  asio::awaitable<SessionReport> run(Context ctx);

  std::atomic<bool> hang_up_requested = false;
  std::mutex executor_mutex;
  std::function<void()> wake;  ///< posts a notify to the session's strand while run() runs

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
  void on_audio(const telephony::MediaAudio& audio);
  void on_digit(char digit);
  void on_text(std::string text);
  void on_speech_started();
  void interrupt();
  void finish_agent_turn();
  json::object latency_of_turn() const;
  std::optional<std::string> take_keys();

  asio::awaitable<void> write_recording();
  Duration since_start(TimePoint when) const { return when - started; }
  void journal(std::string kind, json::object data = {});
  void end(EndReason reason);
  void check_orders();

  SessionParts parts;
  SessionSettings settings;
  Signal changed;  ///< something the deciding loop looks at has changed
  Playout playout;
  Mouth mouth;
  Ear ear;
  audio::StereoRecorder recorder;

  TimePoint started{};
  std::optional<EndReason> ended;
  dialog::TurnEnd last_end;
  bool agent_active = false;  ///< a turn of the agent is being made or played
  bool interrupted = false;   ///< this turn of the agent was
  Playout::Heard heard;       ///< of the interrupted turn
  bool may_resume = false;    ///< the last interruption has not yet turned out to be words
  int silences = 0;
  int failures_in_row = 0;  ///< turns the dialogue failed on
  int voiceless_turns = 0;  ///< turns in a row of which nothing could be spoken
  TimePoint quiet_since{};
  std::string keys;
  TimePoint last_key{};
  std::deque<std::string> typed;           ///< turns the caller typed, not yet answered
  audio::Samples partial_frame;            ///< audio that does not fill a frame yet
  std::optional<Duration> carrier_offset;  ///< our time minus the carrier's, since the start
  std::optional<Ear::Utterance> answered;  ///< the caller's turn being answered, for its latency
  SessionReport report;
};

}  // namespace parley::voice
