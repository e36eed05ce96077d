#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"

namespace parley::evals {

/// How the simulated caller sounds, and who the carrier says it is.
struct CallerProfile {
  std::string voice = "flite:slt";  ///< engine and its voice: "flite:rms", "espeak:en-gb+f3"
  double speed = 1.0;               ///< 0.5 to 2
  double noise_db = 100;            ///< voice over noise on the line; 100: none
  std::string phone = "+12125550142";
};

/// When a step begins.
struct When {
  enum class Kind {
    agent_finished,  ///< the agent has answered and is silent
    agent_says,      ///< the same, and its words since the last step have `pattern`
    pause,           ///< `pause` after the step before
    at_once,
  };
  Kind kind = Kind::agent_finished;
  std::string pattern;
  Duration pause{};
  Duration within = std::chrono::seconds(20);  ///< waited for longer, the scenario fails
};

/// One thing the caller does.
struct Step {
  enum class Kind {
    say,
    interrupt,  ///< `length` after the agent began to speak
    keys,
    silence,  ///< for `length`
    noise,    ///< the line's noise is `noise_db` from here on
    hang_up,
  };
  Kind kind = Kind::say;
  std::string text;
  Duration length{};
  double noise_db = 100;
  When when;
};

/// What the caller answers, after the steps, whenever the agent's last words have `when`.
struct Answer {
  std::string when;
  Step::Kind kind = Step::Kind::say;  ///< say, keys or hang_up
  std::string text;
  int times = 2;  ///< used at most this often
};

/// One thing that must hold of the call.
struct Expectation {
  enum class Kind {
    says,            ///< the agent's words have `pattern`, `limit` after the caller's last word
    absent,          ///< they do not
    heard,           ///< the caller's words, as they were understood, have `pattern`
    transcript,      ///< the whole transcript, "agent: ..." and "caller: ..." lines, has it
    tool_called,     ///< `pattern` names the tool, `fields` are among its arguments
    tool_absent,     ///< it was not called
    appointment,     ///< one was made with these `fields`
    no_appointment,  ///< none was made
    outcome,         ///< the call's outcome is `pattern`
    phase,           ///< the conversation reached this phase
    max_latency,     ///< no answer began later than `limit` after the caller's last word
    max_length,      ///< the call was not longer than `limit`
    ended_by,        ///< agent, caller
    interruptions,   ///< the agent was interrupted at least `count` times
  };
  Kind kind = Kind::says;
  std::string pattern;
  json::object fields;
  std::optional<Duration> limit;
  std::int64_t count = 0;
};

/// A caller and what must come of the call. Patterns are regular expressions (RE2) that do not
/// mind upper and lower case.
struct Scenario {
  std::string name;
  std::string description;
  std::string number;    ///< E.164 to call; empty: the one that is asked for
  std::string business;  ///< id; only on a server that keeps the scenario
  CallerProfile caller;
  std::vector<Step> steps;
  std::vector<Answer> answers;
  std::vector<Expectation> expect;
  int repeat = 1;
  int pass_at_least = 1;
  Duration longest = std::chrono::minutes(2);
};

/// Reads a file of one or more YAML documents, a scenario each. Errors: invalid, with every problem
/// on a line of its own: "booking.yaml:12:5: unknown key 'intterupt'; the nearest is 'interrupt'".
/// At most 256 KB, 100 scenarios, 200 steps each.
Result<std::vector<Scenario>> read_scenarios(std::string_view yaml, const std::string& file);
/// What read_scenarios() reads.
std::string to_yaml(const Scenario& scenario);
/// A JSON Schema (2020-12) of one document.
json::object scenario_schema();

/// Whether `text` has the pattern. False for a pattern that is none.
bool has_pattern(const std::string& text, const std::string& pattern);
/// Errors: invalid, with what is wrong with the pattern.
Result<void> check_pattern(const std::string& pattern);

}  // namespace parley::evals
