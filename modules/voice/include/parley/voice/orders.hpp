#pragma once
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "parley/audio/answer_kind.hpp"
#include "parley/audio/frame.hpp"

namespace parley::voice {

/// Who hears a running call without being heard. Called on the session's strand: must not block.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The next piece, 100 ms as a rule and about a fifth of a second late: interleaved stereo at
  /// telephone rate, caller left, agent right.
  virtual void heard(std::span<const std::int16_t> interleaved) = 0;
  /// Nothing more comes.
  virtual void ended() = 0;
};

/// What people do to a running call; `by` says who, for the timeline.

/// The agent stops, the caller hears music. Nothing the caller says or presses is answered, and
/// their silence does not count.
struct HoldCall {
  std::string by;
};
/// A person speaks in the agent's place: the agent is silent, words of the caller are kept and not
/// answered. The person's sound comes as SpeakLive.
struct TakeOverCall {
  std::string by;
};
/// The agent goes on, with what it was saying when it was stopped.
struct ResumeCall {
  std::string by;
};
/// Of whoever took the call over; nothing otherwise. Telephone rate; more than two seconds that
/// wait to be played are dropped.
struct SpeakLive {
  audio::Samples samples;
};
/// A word to the agent that the caller does not hear. It is never taken for the caller's.
struct Whisper {
  enum class As {
    instruction,  ///< the dialogue heeds it from its next turn on, if it can
    sentence      ///< the agent says exactly this, as soon as nobody is speaking
  };
  As as = As::instruction;
  std::string text;
  std::string by;
};
/// Keys as tones to the other side, as soon as the agent is not speaking; 'w' waits half a second.
struct PressKeys {
  std::string keys;
  std::string by;
};
struct ListenIn {
  std::shared_ptr<Listener> listener;
  std::string by;
};
struct StopListening {
  std::shared_ptr<Listener> listener;
};
/// What the carrier found out about who picked up a call that we made.
struct AnsweredBy {
  audio::AnswerKind kind = audio::AnswerKind::undecided;
  double confidence = 0.85;
  enum class Greeting {
    unknown,
    over
  } greeting = Greeting::unknown;  ///< over: a message may begin
  std::string word;                ///< the carrier's own
};
using Order = std::variant<HoldCall, TakeOverCall, ResumeCall, SpeakLive, Whisper, PressKeys,
                           ListenIn, StopListening, AnsweredBy>;

}  // namespace parley::voice
