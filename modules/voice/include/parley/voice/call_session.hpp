#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/audio/voice_activity.hpp"
#include "parley/base/context.hpp"
#include "parley/dialog/dialogue.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"
#include "parley/telephony/media_stream.hpp"
#include "parley/voice/answer_policy.hpp"
#include "parley/voice/journal.hpp"
#include "parley/voice/orders.hpp"

namespace parley::voice {

/// How a call is held. Times are of the caller's own clock, the arriving frames.
struct SessionSettings {
  std::string language = "en-US";
  speech::VoiceOptions voice;
  audio::VoiceActivityDetector::Options activity;
  /// A pause this long ends the caller's turn when nothing says whether it is over. What was asked
  /// and the words so far make it shorter, down to 0.36 times, or longer, up to 2.3 times: 250 ms
  /// to 1.6 s.
  Duration end_of_turn = std::chrono::milliseconds(700);
  /// A caller who never pauses is answered after this long.
  Duration longest_turn = std::chrono::seconds(20);
  /// Audio from before the detected start that the recognizer also gets.
  Duration pre_roll = std::chrono::milliseconds(300);
  /// How long after the end of a turn its words may take.
  Duration recognition_limit = std::chrono::milliseconds(2500);
  /// The dialogue is silent for this long: the caller hears that we are still there.
  Duration filler_after = std::chrono::milliseconds(2000);
  /// The dialogue gives nothing for this long: an apology instead.
  Duration reply_limit = std::chrono::seconds(12);
  /// A number being typed ends after this long without a key.
  Duration key_pause = std::chrono::seconds(3);
  Duration longest_call = std::chrono::minutes(30);
  /// Of a call that we made; none: somebody called us.
  std::optional<AnswerPolicy> answering;
};

enum class EndReason {
  caller_hung_up,
  agent_hung_up,  ///< the dialogue said goodbye
  hung_up_by_us,  ///< request_hang_up()
  media_lost,     ///< the carrier's connection broke: it may come back
  length_limit,
  failed  ///< the agent could not go on; the carrier shall apologise
};
std::string_view to_string(EndReason reason) noexcept;

struct SessionReport {
  EndReason reason = EndReason::caller_hung_up;
  Duration length{};
  int caller_turns = 0;
  int agent_turns = 0;
  int interruptions = 0;
  /// Who picked up a call that we made, as far as it was found out.
  audio::AnswerKind answered_by = audio::AnswerKind::undecided;
  /// The dialogue's; or voicemail, machine, fax or unknown when it spoke with no person.
  dialog::Outcome outcome;
};

struct SessionParts {
  Clock& clock;
  speech::Recognizer& recognizer;
  speech::Synthesizer& synthesizer;
  std::unique_ptr<telephony::MediaStream> media;
  std::unique_ptr<dialog::Dialogue> dialogue;
  Journal& journal;
  /// Takes the interleaved recording (caller left, agent right); null when not recording.
  RecordingSink* recording = nullptr;
};

/// One running call: hears, lets the dialogue decide, speaks, and stops speaking when the caller
/// does. Lives on one strand; request_hang_up() and give() may be called from any thread while
/// run() runs.
class CallSession {
 public:
  CallSession(SessionParts parts, SessionSettings settings);
  ~CallSession();
  CallSession(const CallSession&) = delete;
  CallSession& operator=(const CallSession&) = delete;

  /// Until the call is over. Cancelling it ends the call at once. Always gives a report: whatever
  /// fails inside has an answer in the caller's ear.
  asio::awaitable<SessionReport> run(Context ctx);
  void request_hang_up();
  /// From any thread, as request_hang_up(). Obeyed soon, in the order given. Errors: rate_limited
  /// (too many wait, or listen), conflict (the call is over).
  Result<void> give(Order order);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::voice
