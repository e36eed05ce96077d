#pragma once
#include "parley/evals/scenario.hpp"

namespace parley::evals {

/// What is known of a call once it is over: the server's record, and what the line noticed.
struct Observed {
  struct Turn {
    std::string who;  ///< agent, caller
    std::string text;
    Duration at{};
    std::optional<Duration> latency;  ///< of the agent's: after the caller's last word
    bool interrupted = false;
  };
  struct ToolUse {
    std::string name;
    json::object arguments;
    std::string error;
    Duration at{};
  };
  struct Appointment {
    std::string id;
    std::string service;
    std::string local_start;  ///< "2026-11-28T14:00" on the business's clock
    std::string customer;
    std::string phone;
  };
  std::string call_id;
  std::string status;
  std::string outcome;
  std::string end_reason;
  std::string ended_by;    ///< agent, caller, nobody
  std::string local_date;  ///< "2026-11-27": of the business, when the call began
  Duration length{};
  std::vector<Turn> turns;
  std::vector<ToolUse> tools;
  std::vector<std::string> phases;
  std::vector<Appointment> appointments;
  int interruptions = 0;
  /// How long after each of the caller's last words the line carried the agent's first sound.
  std::vector<Duration> replies;
  /// Why the script could not be played to its end: "step 2: the agent did not say /hours/".
  std::vector<std::string> problems;
  std::string transcript() const;
};

/// How one expectation came out.
struct Verdict {
  bool passed = false;
  std::string expected;  ///< "says /open/ within 1500 ms"
  std::string found;     ///< what was there instead, or what fulfilled it
  std::optional<Duration> took;
};

/// One verdict an expectation, in their order; before them one for each problem.
std::vector<Verdict> judge(const Scenario& scenario, const Observed& call);
bool all_passed(const std::vector<Verdict>& verdicts);

/// A call that was really made as a scenario to be edited: what the caller said and pressed, when
/// they interrupted, which tools were called, and how it ended. Words, names and times of the call
/// stand in it as they were.
Scenario scenario_of(const json::value& call, const json::value& timeline, std::string name);

/// Reads the API's call ("transcript" with it) and its timeline.
Observed observed_from(const json::value& call, const json::value& timeline);

}  // namespace parley::evals
