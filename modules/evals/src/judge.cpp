#include "parley/evals/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "parley/base/strings.hpp"
#include "parley/calendar/zone.hpp"

namespace parley::evals {

namespace {

using Kind = Expectation::Kind;

std::int64_t ms(Duration duration) { return duration / std::chrono::milliseconds(1); }

/// "/words/" is a pattern, other text must be the same but for upper and lower case.
bool fits(const std::string& wanted, const std::string& found) {
  if (wanted.size() >= 2 && wanted.front() == '/' && wanted.back() == '/')
    return has_pattern(found, wanted.substr(1, wanted.size() - 2));
  return iequals(wanted, found);
}

bool fits(const json::value& wanted, const json::value& found) {
  if (wanted.is_string() && found.is_string())
    return fits(std::string(wanted.as_string()), std::string(found.as_string()));
  if (wanted.is_string() && !found.is_object() && !found.is_array())
    return fits(std::string(wanted.as_string()), json::serialize(found));
  if (wanted.is_number() && found.is_number())
    return wanted.to_number<double>() == found.to_number<double>();
  if (!wanted.is_object() || !found.is_object()) return wanted == found;
  return std::ranges::all_of(wanted.get_object(), [&](const auto& member) {
    auto* there = found.get_object().if_contains(member.key());
    return there && fits(member.value(), *there);
  });
}

std::string shortened(std::string text) {
  constexpr std::size_t most = 200;
  if (text.size() <= most) return text;
  auto cut = most;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  text.resize(cut);
  return text + "...";
}

std::string words_of(const Observed& call, std::string_view who) {
  std::string all;
  for (const auto& turn : call.turns)
    if (turn.who == who) all += (all.empty() ? "" : " ") + turn.text;
  return all;
}

/// "today", "tomorrow", "+3" or a date, to the date it is.
std::string date_of(const std::string& wanted, const std::string& today) {
  auto day = calendar::parse_date(today);
  int ahead = wanted == "today" ? 0 : wanted == "tomorrow" ? 1 : -1;
  if (wanted.starts_with('+'))
    std::from_chars(wanted.data() + 1, wanted.data() + wanted.size(), ahead);
  if (ahead < 0 || !day) return wanted;
  return calendar::to_text(
      calendar::Date(std::chrono::local_days(*day) + std::chrono::days(ahead)));
}

bool fits(const json::object& wanted, const Observed::Appointment& made, const Observed& call) {
  return std::ranges::all_of(wanted, [&](const auto& member) {
    std::string text =
        member.value().is_string() ? std::string(member.value().as_string()) : std::string();
    if (member.key() == "service") return fits(text, made.service);
    if (member.key() == "customer") return fits(text, made.customer);
    if (member.key() == "phone") return fits(text, made.phone);
    if (member.key() == "date")
      return made.local_start.substr(0, 10) == date_of(text, call.local_date);
    return made.local_start.size() >= 16 && made.local_start.substr(11, 5) == text;
  });
}

std::string described(const Observed::Appointment& made) {
  return fmt::format("{} on {} for {}", made.service, made.local_start,
                     made.customer.empty() ? "nobody" : made.customer);
}

template <class List, class Describe>
std::string listed(const List& list, Describe describe, std::string_view none) {
  std::vector<std::string> parts;
  for (const auto& item : list) parts.push_back(describe(item));
  return parts.empty() ? std::string(none) : shortened(join(parts, "; "));
}

/// The turn that has the words, the earliest answer if several do.
Verdict judge_says(const Expectation& wanted, const Observed& call) {
  Verdict verdict;
  for (const auto& turn : call.turns) {
    if (turn.who != "agent" || !has_pattern(turn.text, wanted.pattern)) continue;
    bool in_time = !wanted.limit || (turn.latency && *turn.latency <= *wanted.limit);
    verdict.took = turn.latency;
    verdict.found = "\"" + shortened(turn.text) + "\"";
    if (wanted.limit && !turn.latency) verdict.found += " (no answer to the caller's words)";
    if (turn.latency) verdict.found += fmt::format(" after {} ms", ms(*turn.latency));
    verdict.passed = in_time;
    if (in_time) return verdict;
  }
  if (verdict.found.empty())
    verdict.found = "the agent said: " + shortened(words_of(call, "agent"));
  return verdict;
}

Verdict judge_tool(const Expectation& wanted, const Observed& call) {
  Verdict verdict;
  for (const auto& use : call.tools) {
    if (!fits(wanted.pattern, use.name)) continue;
    if (wanted.kind == Kind::tool_called && !fits(json::value(wanted.fields), use.arguments))
      continue;
    if (wanted.limit && use.at > *wanted.limit) continue;
    verdict.passed = true;
    verdict.took = use.at;
    verdict.found = use.name + shortened(json::serialize(use.arguments));
    break;
  }
  if (!verdict.passed)
    verdict.found = "called: " + listed(
                                     call.tools,
                                     [](const Observed::ToolUse& use) {
                                       return use.name + json::serialize(use.arguments);
                                     },
                                     "no tool");
  if (wanted.kind == Kind::tool_absent) verdict.passed = !verdict.passed;
  return verdict;
}

Verdict judge_pattern(const std::string& text, const Expectation& wanted) {
  Verdict verdict;
  verdict.passed = has_pattern(text, wanted.pattern) != (wanted.kind == Kind::absent);
  verdict.found =
      verdict.passed && wanted.kind == Kind::absent ? "never said" : "\"" + shortened(text) + "\"";
  return verdict;
}

Verdict judge_latency(const Expectation& wanted, const Observed& call) {
  Verdict verdict;
  auto slowest = std::ranges::max_element(call.replies);
  verdict.passed = slowest == call.replies.end() || *slowest <= *wanted.limit;
  if (slowest == call.replies.end()) {
    verdict.found = "the caller said nothing that was answered";
  } else {
    verdict.took = *slowest;
    verdict.found =
        fmt::format("slowest answer of {} after {} ms", call.replies.size(), ms(*slowest));
  }
  return verdict;
}

Verdict judge_one(const Expectation& wanted, const Observed& call) {
  auto same = [](bool passed, std::string found) {
    return Verdict{passed, "", std::move(found), {}};
  };
  switch (wanted.kind) {
    case Kind::says:
      return judge_says(wanted, call);
    case Kind::absent:
      return judge_pattern(words_of(call, "agent"), wanted);
    case Kind::heard:
      return judge_pattern(words_of(call, "caller"), wanted);
    case Kind::transcript:
      return judge_pattern(call.transcript(), wanted);
    case Kind::tool_called:
    case Kind::tool_absent:
      return judge_tool(wanted, call);
    case Kind::appointment:
      return same(std::ranges::any_of(call.appointments,
                                      [&](auto& made) { return fits(wanted.fields, made, call); }),
                  "made: " + listed(call.appointments, described, "no appointment"));
    case Kind::no_appointment:
      return same(call.appointments.empty(),
                  "made: " + listed(call.appointments, described, "no appointment"));
    case Kind::outcome:
      return same(fits(wanted.pattern, call.outcome), call.outcome);
    case Kind::phase:
      return same(std::ranges::any_of(call.phases,
                                      [&](auto& phase) { return fits(wanted.pattern, phase); }),
                  "reached: " + listed(call.phases, [](auto& phase) { return phase; }, "no phase"));
    case Kind::max_latency:
      return judge_latency(wanted, call);
    case Kind::max_length:
      return same(call.length <= *wanted.limit, fmt::format("{} ms long", ms(call.length)));
    case Kind::ended_by:
      return same(wanted.pattern == call.ended_by, call.ended_by);
    case Kind::interruptions:
      return same(call.interruptions >= wanted.count,
                  fmt::format("{} interruptions", call.interruptions));
  }
  return same(false, "");
}

std::string expected_text(const Expectation& wanted) {
  auto within = wanted.limit ? fmt::format(" within {} ms", ms(*wanted.limit)) : std::string();
  switch (wanted.kind) {
    case Kind::says:
      return fmt::format("says /{}/{}", wanted.pattern, within);
    case Kind::absent:
      return fmt::format("never says /{}/", wanted.pattern);
    case Kind::heard:
      return fmt::format("hears /{}/", wanted.pattern);
    case Kind::transcript:
      return fmt::format("transcript has /{}/", wanted.pattern);
    case Kind::tool_called:
      return fmt::format("calls {}{}{}", wanted.pattern,
                         wanted.fields.empty() ? "" : " with " + json::serialize(wanted.fields),
                         within);
    case Kind::tool_absent:
      return "never calls " + wanted.pattern;
    case Kind::appointment:
      return "books " + json::serialize(wanted.fields);
    case Kind::no_appointment:
      return "books nothing";
    case Kind::outcome:
      return "outcome " + wanted.pattern;
    case Kind::phase:
      return "reaches phase " + wanted.pattern;
    case Kind::max_latency:
      return "answers" + within;
    case Kind::max_length:
      return "ends" + within;
    case Kind::ended_by:
      return wanted.pattern + " ends the call";
    case Kind::interruptions:
      return fmt::format("is interrupted {} times or more", wanted.count);
  }
  return "";
}

}  // namespace

std::string Observed::transcript() const {
  std::string all;
  for (const auto& turn : turns) all += turn.who + ": " + turn.text + "\n";
  return all;
}

std::vector<Verdict> judge(const Scenario& scenario, const Observed& call) {
  std::vector<Verdict> verdicts;
  for (const auto& problem : call.problems)
    verdicts.push_back({false, "the caller can go on", problem, {}});
  for (const auto& wanted : scenario.expect) {
    auto verdict = judge_one(wanted, call);
    verdict.expected = expected_text(wanted);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

bool all_passed(const std::vector<Verdict>& verdicts) {
  return std::ranges::all_of(verdicts, &Verdict::passed);
}

}  // namespace parley::evals
