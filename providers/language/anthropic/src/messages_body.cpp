#include "messages_body.hpp"

#include "parley/base/strings.hpp"

namespace parley::providers::anthropic {

namespace {

using dialog::ModelMessage;

json::object text_block(const std::string& text) { return {{"type", "text"}, {"text", text}}; }

/// What comes before it, itself included, is kept by the service for some minutes.
void mark_for_cache(json::object& block) {
  block["cache_control"] = json::object{{"type", "ephemeral"}};
}

json::array system_blocks(const dialog::ModelPrompt& prompt) {
  json::array blocks;
  if (!trim(prompt.instructions).empty()) {
    auto block = text_block(prompt.instructions);
    mark_for_cache(block);
    blocks.push_back(std::move(block));
  }
  if (!trim(prompt.situation).empty()) blocks.push_back(text_block(prompt.situation));
  return blocks;
}

json::array tools(const dialog::ModelPrompt& prompt, const language::WireNames& names) {
  json::array all;
  for (const auto& tool : prompt.tools) {
    auto schema = tool.parameters;
    if (!schema.contains("type")) schema["type"] = "object";
    all.push_back(json::object{{"name", names.name(tool.name)},
                               {"description", tool.description},
                               {"input_schema", std::move(schema)}});
  }
  if (!all.empty()) mark_for_cache(all.back().as_object());
  return all;
}

json::object message_of(const ModelMessage& message, std::size_t number,
                        const language::WireNames& names) {
  json::array blocks;
  // Results come before any text.
  for (const auto& answer : message.answers) {
    json::object block{{"type", "tool_result"},
                       {"tool_use_id", names.id(number - 1, answer.id)},
                       {"content", json::serialize(answer.result)}};
    if (answer.failed) block["is_error"] = true;
    blocks.push_back(std::move(block));
  }
  if (!trim(message.text).empty()) blocks.push_back(text_block(message.text));
  for (const auto& request : message.requests)
    blocks.push_back(json::object{{"type", "tool_use"},
                                  {"id", names.id(number, request.id)},
                                  {"name", names.name(request.name)},
                                  {"input", request.arguments}});
  bool is_user = message.role == ModelMessage::Role::user;
  return {{"role", is_user ? "user" : "assistant"}, {"content", std::move(blocks)}};
}

}  // namespace

json::object messages_body(const std::string& model, const dialog::ModelPrompt& prompt,
                           const language::WireNames& names) {
  json::array messages;
  for (std::size_t i = 0; i < prompt.messages.size(); ++i)
    messages.push_back(message_of(prompt.messages[i], i, names));
  json::object body{{"model", model},
                    {"max_tokens", prompt.max_tokens},
                    {"stream", true},
                    {"messages", std::move(messages)}};
  if (auto system = system_blocks(prompt); !system.empty()) body["system"] = std::move(system);
  if (auto all = tools(prompt, names); !all.empty()) body["tools"] = std::move(all);
  return body;
}

}  // namespace parley::providers::anthropic
