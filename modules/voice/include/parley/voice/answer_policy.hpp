#pragma once
#include <string>

#include "parley/base/clock.hpp"

namespace parley::voice {

/// What a call that we made does with who, or what, picks up. The greeting runs from the first
/// moment on; it is stopped when it turns out that no person hears it. Faxes and the network's
/// announcements are hung up on.
struct AnswerPolicy {
  enum class OnMachine { leave_message, hang_up };
  OnMachine on_machine = OnMachine::hang_up;
  /// Left after the beep; or after the greeting, when no beep comes.
  std::string message;
  /// Said to whoever asks who is calling.
  std::string who_calls;
  /// Without a beep, so long a silence after the greeting means that it is over.
  Duration no_beep_after = std::chrono::milliseconds(3500);
  Duration longest_greeting = std::chrono::seconds(60);
  /// A person who is being fetched may take this long.
  Duration being_fetched = std::chrono::seconds(25);
  /// Who asks more often who is calling than this is a machine.
  int most_screenings = 2;
};

}  // namespace parley::voice
