// A call as the API tells it, as what is judged and as a scenario.
#include "parley/evals/judge.hpp"

namespace parley::evals {

namespace {

std::int64_t integer_at(const json::value& value, std::string_view pointer) {
  auto* there = value_at(value, pointer);
  return there && there->is_number() ? there->to_number<std::int64_t>() : 0;
}

template <class Each>
void each_in(const json::value* list, Each each) {
  if (!list || !list->is_array()) return;
  for (const auto& item : list->get_array()) each(item);
}

/// A pattern that these words have, and not only exactly these: the first few of them.
std::string pattern_of(const std::string& words) {
  constexpr std::size_t enough = 40;
  auto cut = words.size() <= enough ? words.size() : words.find(' ', enough);
  std::string pattern;
  for (char c : words.substr(0, cut)) {
    if (std::string_view("\\.+*?()|[]{}^$").contains(c)) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace

Observed observed_from(const json::value& call, const json::value& timeline) {
  Observed seen;
  seen.call_id = text_at(call, "/id");
  seen.status = text_at(call, "/status");
  seen.outcome = text_at(call, "/outcome");
  seen.end_reason = text_at(call, "/endReason");
  seen.ended_by = seen.end_reason == "caller_hung_up"  ? "caller"
                  : seen.end_reason == "agent_hung_up" ? "agent"
                                                       : "nobody";
  seen.length = std::chrono::milliseconds(integer_at(call, "/lengthMs"));
  seen.interruptions = static_cast<int>(integer_at(call, "/interruptions"));
  each_in(value_at(call, "/transcript"), [&](const json::value& item) {
    Observed::Turn turn{.who = text_at(item, "/who"), .text = text_at(item, "/text")};
    turn.at = std::chrono::milliseconds(integer_at(item, "/atMs"));
    if (value_at(item, "/latency/totalMs"))
      turn.latency = std::chrono::milliseconds(integer_at(item, "/latency/totalMs"));
    auto* interrupted = value_at(item, "/interrupted");
    turn.interrupted = interrupted && interrupted->is_bool() && interrupted->get_bool();
    seen.turns.push_back(std::move(turn));
  });
  each_in(&timeline, [&](const json::value& item) {
    auto kind = text_at(item, "/kind");
    if (kind.starts_with("phase")) seen.phases.push_back(text_at(item, "/data/phase"));
    if (kind != "tool") return;
    Observed::ToolUse use{.name = text_at(item, "/data/name"),
                          .error = text_at(item, "/data/error")};
    if (auto* arguments = value_at(item, "/data/arguments"); arguments && arguments->is_object())
      use.arguments = arguments->get_object();
    use.at = std::chrono::milliseconds(integer_at(item, "/atMs"));
    seen.tools.push_back(std::move(use));
  });
  return seen;
}

Scenario scenario_of(const json::value& call, const json::value& timeline, std::string name) {
  auto seen = observed_from(call, timeline);
  Scenario made;
  made.name = std::move(name);
  made.description = "Made from " + seen.call_id + ".";
  made.business = text_at(call, "/businessId");
  made.number = text_at(call, "/to");
  constexpr Duration longest = std::chrono::minutes(30);
  constexpr std::size_t most_steps = 190;
  made.longest = std::clamp<Duration>(2 * seen.length, made.longest, longest);
  std::optional<std::int64_t> interrupts;  // after so many ms of the agent's words
  each_in(&timeline, [&](const json::value& item) {
    auto kind = text_at(item, "/kind");
    if (kind == "barge_in") interrupts = integer_at(item, "/data/heardMs");
    auto* cut = value_at(item, "/data/interrupted");
    if (kind == "agent.said" && (!cut || !cut->is_bool() || !cut->get_bool())) interrupts.reset();
    if (kind != "caller.said") return;
    auto text = text_at(item, "/data/text");
    if (text.empty() || made.steps.size() >= most_steps) return;
    Step step;
    step.text = text;
    bool keys = text_at(item, "/data/input") == "keys" ||
                text.find_first_not_of("0123456789*#") == std::string::npos;
    step.kind = keys ? Step::Kind::keys : interrupts ? Step::Kind::interrupt : Step::Kind::say;
    if (step.kind == Step::Kind::interrupt) step.length = std::chrono::milliseconds(*interrupts);
    interrupts.reset();
    made.steps.push_back(std::move(step));
  });
  for (const auto& use : seen.tools)
    if (use.error.empty())
      made.expect.push_back({.kind = Expectation::Kind::tool_called, .pattern = use.name});
  for (auto turn = seen.turns.rbegin(); turn != seen.turns.rend(); ++turn) {
    if (turn->who != "agent" || turn->text.empty()) continue;
    made.expect.push_back({.kind = Expectation::Kind::says, .pattern = pattern_of(turn->text)});
    break;
  }
  if (!seen.outcome.empty())
    made.expect.push_back({.kind = Expectation::Kind::outcome, .pattern = seen.outcome});
  if (seen.ended_by == "caller") {
    Step leaving;
    leaving.kind = Step::Kind::hang_up;
    made.steps.push_back(std::move(leaving));
  }
  return made;
}

}  // namespace parley::evals
