#include "agent_json.hpp"

namespace parley::business {

namespace {

std::string text(const json::object& from, std::string_view field) {
  return std::string(from.at(field).as_string());
}

const json::array& list(const json::object& from, std::string_view field) {
  static const json::array none;
  auto* found = from.if_contains(field);
  return found && found->is_array() ? found->as_array() : none;
}

json::object phase_to_json(const AgentPhase& phase) {
  json::array next;
  for (const auto& name : phase.next) next.push_back(json::value(name));
  return {{"name", phase.name}, {"goal", phase.goal}, {"next", std::move(next)}};
}

AgentPhase phase_from_json(const json::object& in) {
  AgentPhase phase{text(in, "name"), text(in, "goal"), {}};
  for (const auto& name : list(in, "next")) phase.next.emplace_back(name.as_string());
  return phase;
}

json::object tool_to_json(const OwnTool& tool) {
  return {{"kind", tool.kind == OwnTool::Kind::mcp ? "mcp" : "http"},
          {"name", tool.name},
          {"description", tool.description},
          {"url", tool.url},
          {"parameters", tool.parameters},
          {"changes", tool.effect == OwnTool::Effect::changes},
          {"limitMs", tool.time_limit.count()},
          {"secret", tool.sealed_secret}};
}

OwnTool tool_from_json(const json::object& in) {
  OwnTool tool;
  tool.kind = text(in, "kind") == "mcp" ? OwnTool::Kind::mcp : OwnTool::Kind::http;
  tool.name = text(in, "name");
  tool.description = text(in, "description");
  tool.url = text(in, "url");
  tool.parameters = in.at("parameters").as_object();
  tool.effect = in.at("changes").as_bool() ? OwnTool::Effect::changes : OwnTool::Effect::reads;
  tool.time_limit = std::chrono::milliseconds(in.at("limitMs").to_number<std::int64_t>());
  tool.sealed_secret = text(in, "secret");
  return tool;
}

}  // namespace

json::object agent_to_json(const Agent& agent) {
  json::object out{{"id", agent.id.str()},
                   {"name", agent.name},
                   {"greeting", agent.greeting},
                   {"language", agent.language},
                   {"voice", agent.voice},
                   {"speed", agent.speed},
                   {"recordCalls", agent.record_calls},
                   {"recordingNotice", agent.recording_notice},
                   {"maxCallSeconds", agent.max_call_length.count()},
                   {"engine", agent.engine == Agent::Engine::builtin ? "builtin" : "auto"},
                   {"persona", agent.persona}};
  json::array phases;
  for (const auto& phase : agent.phases) phases.push_back(phase_to_json(phase));
  out["phases"] = std::move(phases);
  json::array words;
  for (const auto& entry : agent.pronunciations)
    words.push_back(json::object{{"word", entry.word}, {"spoken", entry.spoken}});
  out["pronunciations"] = std::move(words);
  json::array tools;
  for (const auto& tool : agent.own_tools) tools.push_back(tool_to_json(tool));
  out["ownTools"] = std::move(tools);
  return out;
}

Agent agent_from_json(const json::object& in) {
  Agent agent;
  agent.id = AgentId(text(in, "id"));
  agent.name = text(in, "name");
  agent.greeting = text(in, "greeting");
  agent.language = text(in, "language");
  agent.voice = text(in, "voice");
  agent.speed = in.at("speed").to_number<double>();
  agent.record_calls = in.at("recordCalls").as_bool();
  agent.recording_notice = text(in, "recordingNotice");
  agent.max_call_length = std::chrono::seconds{in.at("maxCallSeconds").to_number<std::int64_t>()};
  if (in.contains("engine"))
    agent.engine =
        text(in, "engine") == "builtin" ? Agent::Engine::builtin : Agent::Engine::automatic;
  if (in.contains("persona")) agent.persona = text(in, "persona");
  for (const auto& phase : list(in, "phases"))
    agent.phases.push_back(phase_from_json(phase.as_object()));
  for (const auto& entry : list(in, "pronunciations"))
    agent.pronunciations.push_back(
        {text(entry.as_object(), "word"), text(entry.as_object(), "spoken")});
  for (const auto& tool : list(in, "ownTools"))
    agent.own_tools.push_back(tool_from_json(tool.as_object()));
  return agent;
}

}  // namespace parley::business
