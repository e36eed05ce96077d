#include "agent_json.hpp"

#include <algorithm>

#include "parley/owntools/secrets.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using business::Agent;
using business::OwnTool;

template <class T>
void change(T& target, std::optional<T> value) {
  if (value) target = std::move(*value);
}

json::array texts_json(const std::vector<std::string>& texts) {
  json::array list;
  for (const auto& text : texts) list.push_back(json::value(text));
  return list;
}

json::array phases_json(const Agent& agent) {
  json::array list;
  for (const auto& phase : agent.phases.empty() ? business::default_phases() : agent.phases)
    list.push_back(
        json::object{{"name", phase.name}, {"goal", phase.goal}, {"next", texts_json(phase.next)}});
  return list;
}

std::vector<business::AgentPhase> phases_from(const json::array& list) {
  std::vector<business::AgentPhase> phases;
  for (const auto& item : list) {
    const auto& body = item.as_object();
    phases.push_back({text_in(body, "name").value_or(""), text_in(body, "goal").value_or(""),
                      texts_in(body, "next")});
  }
  return phases;
}

json::object tool_json(const OwnTool& tool) {
  return {{"kind", tool.kind == OwnTool::Kind::mcp ? "mcp" : "http"},
          {"name", tool.name},
          {"description", tool.description},
          {"url", tool.url},
          {"parameters", tool.parameters},
          {"effect", tool.effect == OwnTool::Effect::reads ? "reads" : "changes"},
          {"timeLimitMs", tool.time_limit.count()},
          {"hasSecret", !tool.sealed_secret.empty()}};
}

OwnTool tool_from(const json::object& body) {
  OwnTool tool;
  tool.kind = text_in(body, "kind") == "mcp" ? OwnTool::Kind::mcp : OwnTool::Kind::http;
  tool.name = text_in(body, "name").value_or("");
  tool.description = text_in(body, "description").value_or("");
  tool.url = text_in(body, "url").value_or("");
  if (auto* parameters = object_in(body, "parameters")) tool.parameters = *parameters;
  if (text_in(body, "effect") == "reads") tool.effect = OwnTool::Effect::reads;
  if (auto limit = integer_in(body, "timeLimitMs"))
    tool.time_limit = std::chrono::milliseconds(*limit);
  return tool;
}

std::vector<OwnTool> tools_from(const json::array& list, const business::Profile& profile,
                                const auth::SecretKey& key) {
  std::vector<OwnTool> tools;
  for (const auto& item : list) {
    const auto& body = item.as_object();
    auto tool = tool_from(body);
    if (auto secret = text_in(body, "secret")) {
      tool.sealed_secret = owntools::seal_secret(key, profile.id, tool.name, *secret);
    } else if (!body.contains("secret")) {
      auto before = std::ranges::find(profile.agent.own_tools, tool.name, &OwnTool::name);
      // A secret is for whom it was given: it does not go to another address.
      bool same = before != profile.agent.own_tools.end() && before->url == tool.url;
      if (same) tool.sealed_secret = before->sealed_secret;
    }
    tools.push_back(std::move(tool));
  }
  return tools;
}

json::value phase_example() {
  return json::object{{"name", "discovery"},
                      {"goal", "Understand what the caller needs."},
                      {"next", json::array{}}};
}

}  // namespace

json::object agent_json(const Agent& agent) {
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
                   {"persona", agent.persona},
                   {"phases", phases_json(agent)}};
  json::array words;
  for (const auto& entry : agent.pronunciations)
    words.push_back(json::object{{"word", entry.word}, {"spoken", entry.spoken}});
  out["pronunciations"] = std::move(words);
  json::array tools;
  for (const auto& tool : agent.own_tools) tools.push_back(tool_json(tool));
  out["ownTools"] = std::move(tools);
  return out;
}

void change_agent(business::Profile& profile, const json::object& body,
                  const auth::SecretKey& key) {
  auto& agent = profile.agent;
  change(agent.name, text_in(body, "name"));
  change(agent.greeting, text_in(body, "greeting"));
  change(agent.language, text_in(body, "language"));
  change(agent.voice, text_in(body, "voice"));
  change(agent.speed, number_in(body, "speed"));
  change(agent.record_calls, flag_in(body, "recordCalls"));
  change(agent.recording_notice, text_in(body, "recordingNotice"));
  if (auto seconds = integer_in(body, "maxCallSeconds"))
    agent.max_call_length = std::chrono::seconds(*seconds);
  if (auto engine = text_in(body, "engine"))
    agent.engine = *engine == "builtin" ? Agent::Engine::builtin : Agent::Engine::automatic;
  change(agent.persona, text_in(body, "persona"));
  if (auto* list = list_in(body, "phases")) agent.phases = phases_from(*list);
  if (auto* list = list_in(body, "pronunciations")) {
    agent.pronunciations.clear();
    for (const auto& item : *list)
      agent.pronunciations.push_back({text_in(item.as_object(), "word").value_or(""),
                                      text_in(item.as_object(), "spoken").value_or("")});
  }
  if (auto* list = list_in(body, "ownTools")) agent.own_tools = tools_from(*list, profile, key);
}

Result<void> check_tool_secrets(const json::object& body) {
  auto* list = list_in(body, "ownTools");
  if (!list) return {};
  for (const auto& item : *list) {
    auto secret = text_in(item.as_object(), "secret");
    if (!secret) continue;
    if (auto good = owntools::check_secret(*secret); !good)
      return fail(Errc::invalid, "tool '" + text_in(item.as_object(), "name").value_or("") +
                                     "': " + good.error().detail);
  }
  return {};
}

void define_agent_schemas(RouteTable& table) {
  table.define(
      "AgentPhase",
      object(
          {required("name", line(1, 40)),
           optional("goal", text(0, 1000).about("Told to the language model.")),
           optional(
               "next",
               list(line(1, 40), 20).about("The phases that may follow.").example(json::array{}))})
          .about("A stage of the agent's conversations.")
          .example(phase_example()));
  table.define("Pronunciation",
               object({required("word", line(1, 80)), required("spoken", line(1, 200))})
                   .about("A word as it is written, and how it is said.")
                   .example(json::object{{"word", "Nguyen"}, {"spoken", "win"}}));
  table.define(
      "OwnTool",
      object({required("kind", choice({"http", "mcp"})
                                   .about("An endpoint that arguments are posted to, or a Model "
                                          "Context Protocol server (streamable HTTP).")),
              required("name", line(1, 40).about("As the model calls it; lower-case letters, "
                                                 "digits and _. Of a server: before its tools' "
                                                 "names.")),
              optional("description", text(0, 2000).about("When to call it; needed for http.")),
              required("url", line(8, 1000)),
              optional("parameters", any_object().about("JSON Schema of the arguments; http.")),
              optional("effect", choice({"reads", "changes"}).about("changes, unless said.")),
              optional("timeLimitMs", integer(200, 8000)),
              optional("secret", secret(8, 500).or_null().about(
                                     "whsec_...: signs requests as Standard Webhooks has "
                                     "it; another: a bearer token. Left out: it stays, for "
                                     "the same name and address; null: none. Never "
                                     "returned.")),
              optional("hasSecret", flag().about("In answers only."))})
          .example(json::object{{"kind", "http"},
                                {"name", "price_of"},
                                {"description", "The price of a treatment."},
                                {"url", "https://tools.example.com/price"},
                                {"parameters", json::object{{"type", "object"}}}}));
  table.define(
      "Agent",
      object({required("id", text()), required("name", text()), required("greeting", text()),
              required("language", text()), required("voice", text()),
              required("speed", number(0.5, 2)), required("recordCalls", flag()),
              required("recordingNotice", text()), required("maxCallSeconds", integer(60, 14400)),
              required("engine", choice({"auto", "builtin"})
                                     .about("auto: a language model where one is configured.")),
              required("persona", text(0, 8000)), required("phases", list(ref("AgentPhase"), 20)),
              required("pronunciations", list(ref("Pronunciation"), 500)),
              required("ownTools", list(ref("OwnTool"), 20))}));
}

std::vector<schema::Field> agent_fields() {
  return {optional("name", line(1, 80)),
          optional("greeting", text(0, 1000)),
          optional("language", line(2, 35).example("en-US")),
          optional("voice", line(0, 80)),
          optional("speed", number(0.5, 2)),
          optional("recordCalls", flag()),
          optional("recordingNotice", text(0, 500)),
          optional("maxCallSeconds", integer(60, 14400)),
          optional("engine", choice({"auto", "builtin"})),
          optional("persona", text(0, 8000).about("Character, tone, rules of the house.")),
          optional("phases", list(ref("AgentPhase"), 20)
                                 .about("The first is where calls begin; none: the usual ones.")
                                 .example(json::array{})),
          optional("pronunciations", list(ref("Pronunciation"), 500)),
          optional("ownTools", list(ref("OwnTool"), 20))};
}

}  // namespace parley::api
