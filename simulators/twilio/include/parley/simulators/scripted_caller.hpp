#pragma once
#include <functional>
#include <string>
#include <vector>

#include "parley/simulators/twilio_line.hpp"

namespace parley::simulators {

/// One thing the caller does.
struct Step {
  enum class Kind {
    say,        ///< when the agent has finished
    interrupt,  ///< while the agent speaks, `pause` after it began
    press,
    wait,   ///< does nothing for `pause`
    listen  ///< waits until the agent has spoken and finished
  };
  Kind kind = Kind::say;
  std::string text;
  Duration pause = std::chrono::milliseconds(0);
};

/// Reads a script: a line a step. "Hello there" is said; "@press 12#", "@wait 2.5",
/// "@interrupt 1.0 Stop it", "@listen"; empty lines and # comments are skipped. Errors: invalid,
/// with the line's number.
Result<std::vector<Step>> parse_script(std::string_view text);

struct CallerOptions {
  /// The agent has finished when it is silent this long.
  Duration agent_done = std::chrono::milliseconds(1300);
  /// A silent agent is not waited for longer than this.
  Duration patience = std::chrono::seconds(20);
  bool hang_up_at_end = true;
};

/// Plays the steps on a line whose run() runs elsewhere. `voice` makes the caller's audio at
/// telephone rate.
asio::awaitable<void> play_script(Clock& clock, TwilioLine& line, std::vector<Step> steps,
                                  std::function<Task<audio::Samples>(std::string)> voice,
                                  CallerOptions options = {},
                                  std::function<void(const Step&)> on_step = {});

}  // namespace parley::simulators
