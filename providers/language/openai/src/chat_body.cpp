#include "chat_body.hpp"

#include "parley/base/strings.hpp"

namespace parley::providers::openai {

namespace {

using dialog::ModelMessage;

json::object text_message(std::string_view role, const std::string& text) {
  return {{"role", role}, {"content", text}};
}

json::object assistant_message(const ModelMessage& message, std::size_t number,
                               const language::WireNames& names) {
  json::object made{{"role", "assistant"}, {"content", nullptr}};
  if (!trim(message.text).empty()) made["content"] = message.text;
  json::array calls;
  for (const auto& request : message.requests) {
    json::object function{{"name", names.name(request.name)},
                          {"arguments", json::serialize(request.arguments)}};
    calls.push_back(json::object{{"id", names.id(number, request.id)},
                                 {"type", "function"},
                                 {"function", std::move(function)}});
  }
  if (!calls.empty()) made["tool_calls"] = std::move(calls);
  return made;
}

json::array messages(const dialog::ModelPrompt& prompt, const language::WireNames& names) {
  json::array all;
  auto system = prompt.instructions;
  if (!trim(prompt.situation).empty()) system += (system.empty() ? "" : "\n\n") + prompt.situation;
  if (!trim(system).empty()) all.push_back(text_message("system", system));
  for (std::size_t i = 0; i < prompt.messages.size(); ++i) {
    const auto& message = prompt.messages[i];
    if (message.role == ModelMessage::Role::assistant) {
      all.push_back(assistant_message(message, i, names));
      continue;
    }
    for (const auto& answer : message.answers) {
      auto result = answer.result;
      if (answer.failed && !result.contains("error")) result["error"] = true;
      all.push_back(json::object{{"role", "tool"},
                                 {"tool_call_id", names.id(i - 1, answer.id)},
                                 {"content", json::serialize(result)}});
    }
    if (!trim(message.text).empty()) all.push_back(text_message("user", message.text));
  }
  return all;
}

json::array tools(const dialog::ModelPrompt& prompt, const language::WireNames& names) {
  json::array all;
  for (const auto& tool : prompt.tools) {
    auto schema = tool.parameters;
    if (!schema.contains("type")) schema["type"] = "object";
    json::object function{{"name", names.name(tool.name)},
                          {"description", tool.description},
                          {"parameters", std::move(schema)}};
    all.push_back(json::object{{"type", "function"}, {"function", std::move(function)}});
  }
  return all;
}

}  // namespace

json::object chat_body(const std::string& model, std::string_view limit_field,
                       const dialog::ModelPrompt& prompt, const language::WireNames& names) {
  json::object body{{"model", model},
                    {"stream", true},
                    {"stream_options", {{"include_usage", true}}},
                    {limit_field, prompt.max_tokens},
                    {"messages", messages(prompt, names)}};
  if (auto all = tools(prompt, names); !all.empty()) body["tools"] = std::move(all);
  return body;
}

}  // namespace parley::providers::openai
