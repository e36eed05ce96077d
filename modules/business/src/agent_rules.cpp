#include "agent_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "parley/base/strings.hpp"
#include "profile_rules.hpp"

namespace parley::business {

namespace {

constexpr std::size_t max_phases = 20;
constexpr std::size_t max_pronunciations = 500;
constexpr std::size_t max_own_tools = 20;
constexpr std::size_t max_schema_bytes = 16 * 1024;
constexpr int max_schema_depth = 8;
constexpr std::chrono::milliseconds shortest_limit{200};
constexpr std::chrono::milliseconds longest_limit{8000};

/// What every agent has: an own tool cannot stand in for one of these.
constexpr std::array<std::string_view, 9> taken_names{
    "search_knowledge",  "find_slots",       "book_appointment",
    "find_appointments", "move_appointment", "cancel_appointment",
    "take_message",      "set_phase",        "end_call"};

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 40 && text[0] >= 'a' && text[0] <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Result<void> wrong(std::string_view field, std::string_view problem) {
  return fail(Errc::invalid, fmt::format("{}: {}", field, problem));
}

Result<void> check_phases(const std::vector<AgentPhase>& phases) {
  if (phases.size() > max_phases) return wrong("phases", fmt::format("at most {}", max_phases));
  std::set<std::string> names;
  for (const auto& phase : phases) {
    if (!is_name(phase.name))
      return wrong("phases", "a name is 1 to 40 lower-case letters, digits and '_'");
    if (!names.insert(phase.name).second) return wrong("phases", "a name occurs twice");
    if (auto good = check_paragraph("phase goal", phase.goal, 1000); !good) return good;
  }
  for (const auto& phase : phases)
    for (const auto& next : phase.next)
      if (!names.contains(next))
        return wrong(fmt::format("phase '{}'", phase.name),
                     fmt::format("leads to '{}', which is no phase", next));
  return {};
}

Result<void> check_pronunciations(const std::vector<Pronunciation>& entries) {
  if (entries.size() > max_pronunciations)
    return wrong("pronunciations", fmt::format("at most {}", max_pronunciations));
  std::set<std::string> words;
  for (const auto& entry : entries) {
    if (auto good = check_line("pronunciation word", entry.word, 1, 80); !good) return good;
    if (auto good = check_line("pronunciation", entry.spoken, 1, 200); !good) return good;
    if (!words.insert(to_lower(entry.word)).second)
      return wrong("pronunciations", "a word occurs twice");
  }
  return {};
}

/// Only the form of the parts that arguments are checked against.
Result<void> check_schema(const json::value& schema, int depth) {
  if (depth > max_schema_depth) return wrong("tool parameters", "are nested too deeply");
  if (!schema.is_object()) return wrong("tool parameters", "a schema is an object");
  const auto& object = schema.as_object();
  if (auto* required = object.if_contains("required")) {
    bool texts = required->is_array() &&
                 std::ranges::all_of(required->as_array(),
                                     [](const json::value& name) { return name.is_string(); });
    if (!texts) return wrong("tool parameters", "'required' is a list of names");
  }
  if (auto* properties = object.if_contains("properties")) {
    if (!properties->is_object()) return wrong("tool parameters", "'properties' is an object");
    for (const auto& [name, part] : properties->as_object())
      if (auto good = check_schema(part, depth + 1); !good) return good;
  }
  if (auto* items = object.if_contains("items"))
    if (auto good = check_schema(*items, depth + 1); !good) return good;
  return {};
}

Result<void> check_tool(const OwnTool& tool) {
  if (!is_name(tool.name))
    return wrong("tools", "a name is 1 to 40 lower-case letters, digits and '_'");
  if (std::ranges::find(taken_names, tool.name) != taken_names.end())
    return wrong("tools", fmt::format("'{}' is a tool that every agent has", tool.name));
  if (auto good = check_paragraph("tool description", tool.description, 2000); !good) return good;
  if (tool.kind == OwnTool::Kind::http && trim(tool.description).empty())
    return wrong("tool description", "is missing: the language model reads when to call it");
  if (auto good = check_line("tool url", tool.url, 8, 1000); !good) return good;
  if (!tool.url.starts_with("https://") && !tool.url.starts_with("http://"))
    return wrong("tool url", "must start with https:// or http://");
  if (json::serialize(tool.parameters).size() > max_schema_bytes)
    return wrong("tool parameters", fmt::format("at most {} bytes", max_schema_bytes));
  if (tool.time_limit < shortest_limit || tool.time_limit > longest_limit)
    return wrong("tool time limit",
                 fmt::format("must be {} to {} ms", shortest_limit.count(), longest_limit.count()));
  return check_schema(tool.parameters, 0);
}

Result<void> check_tools(const std::vector<OwnTool>& tools) {
  if (tools.size() > max_own_tools) return wrong("tools", fmt::format("at most {}", max_own_tools));
  std::set<std::string> names;
  for (const auto& tool : tools) {
    if (auto good = check_tool(tool); !good) return good;
    if (!names.insert(tool.name).second) return wrong("tools", "a name occurs twice");
  }
  return {};
}

}  // namespace

const std::vector<AgentPhase>& default_phases() {
  static const std::vector<AgentPhase> phases{
      {"greeting", "Welcome the caller and find out what they want.", {"discovery", "close"}},
      {"discovery",
       "Understand the need; answer questions.",
       {"qualification", "presentation", "objection", "close"}},
      {"qualification",
       "Gather what is needed to help: which service, when, for whom.",
       {"discovery", "presentation", "objection", "close"}},
      {"presentation",
       "Offer what fits, such as a service or free times, and agree on one.",
       {"qualification", "objection", "close", "discovery"}},
      {"objection",
       "Take a doubt seriously and answer it honestly, without pressing.",
       {"presentation", "qualification", "close", "discovery"}},
      {"close", "Confirm what was agreed and say goodbye.", {"discovery", "objection"}}};
  return phases;
}

Result<void> check_agent_mind(const Agent& agent) {
  if (auto good = check_paragraph("persona", agent.persona, 8000); !good) return good;
  if (auto good = check_phases(agent.phases); !good) return good;
  if (auto good = check_pronunciations(agent.pronunciations); !good) return good;
  return check_tools(agent.own_tools);
}

}  // namespace parley::business
