#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parley/business/business.hpp"
#include "parley/dialog/tool.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::dialog {

/// What the caller did in a turn.
struct UserTurn {
  enum class Input { speech, keys, text };
  Input input = Input::speech;
  std::string text;         ///< words, or the keys pressed: "1", "2125550100#"
  double confidence = 1.0;  ///< of the recognizer; 1 for keys and text
  std::vector<std::string> alternatives;
};

constexpr std::string_view to_string(UserTurn::Input input) noexcept {
  switch (input) {
    case UserTurn::Input::speech:
      return "speech";
    case UserTurn::Input::keys:
      return "keys";
    case UserTurn::Input::text:
      return "text";
  }
  return "speech";
}

/// Where what the agent says goes, sentence by sentence, as soon as each is known. Does not block:
/// sentences queue for synthesis.
class Speaker {
 public:
  virtual ~Speaker() = default;
  virtual void say(std::string sentence) = 0;
};

/// What happens after the agent has spoken.
struct TurnEnd {
  enum class Next { listen, hang_up };
  Next next = Next::listen;
  /// What the caller is likely to say now; never null when listening.
  std::shared_ptr<const speech::Expectation> expectation;
  std::string phase = "discovery";  ///< greeting, discovery, qualification, presentation, close...
  /// Keys: 1 for a menu, more for a number to type (ended by '#', the count, or 3 s of no key).
  int keys_expected = 1;
  /// How long the caller may think before silence() is called.
  Duration patience = std::chrono::seconds(7);
};

/// How a conversation went, for the record of the call.
struct Outcome {
  std::string kind = "none";  ///< booked, moved, cancelled, answered, message, none
  std::string summary;        ///< one or two sentences
  json::object details;
};

/// One conversation. Used from one strand; open(), reply() and silence() never overlap. A reply may
/// be cancelled in the middle (the caller interrupts): what its tools did stays done and known.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// The greeting.
  virtual Task<TurnEnd> open(Context ctx, Speaker& speaker) = 0;
  virtual Task<TurnEnd> reply(Context ctx, UserTurn turn, Speaker& speaker) = 0;
  /// Nobody spoke for the patience of the last turn; `times` in a row, from 1.
  virtual Task<TurnEnd> silence(Context ctx, int times, Speaker& speaker) = 0;
  /// The caller is still speaking and has probably said this so far: what takes time may begin
  /// (retrieval, the language model), but nothing with an effect and nothing that is heard. A
  /// reply() to the same words may use it; other words discard it. Does not block.
  virtual void anticipate(Context ctx, UserTurn so_far) {
    (void)ctx;
    (void)so_far;
  }
  /// An instruction of staff, which the caller does not hear: counts from the next turn on, also
  /// when one is running. Never words of the caller. Does not block.
  enum class Advice { heeded, not_understood };
  virtual Advice advise(std::string instruction) {
    (void)instruction;
    return Advice::not_understood;
  }
  /// How much of the last turn's text was really played to the caller before they interrupted.
  virtual void interrupted(std::string_view heard) = 0;
  virtual Outcome outcome() const = 0;
  /// The call is over: the outcome with a summary that may take a few seconds to write. No other
  /// call follows.
  virtual asio::awaitable<Outcome> conclude(Context ctx) {
    (void)ctx;
    co_return outcome();
  }
};

struct DialogueStart {
  std::shared_ptr<const business::Profile> profile;
  ToolScope scope;
  bool recording = false;
  std::function<void(const ToolTrace&)> on_tool;  ///< may be empty
};

/// Makes dialogues: the built-in one, language models later. Thread-safe.
class DialogueFactory {
 public:
  virtual ~DialogueFactory() = default;
  virtual Task<std::unique_ptr<Dialogue>> start(Context ctx, DialogueStart start) = 0;
};

}  // namespace parley::dialog
