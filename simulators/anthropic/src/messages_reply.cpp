#include "messages_reply.hpp"

#include <fmt/format.h>

namespace parley::simulators {

namespace {

using Breaks = ModelReply::Breaks;

std::string_view stop_reason(const ModelReply& reply) {
  if (!reply.calls.empty() && reply.end == ModelReply::End::done) return "tool_use";
  if (reply.end == ModelReply::End::too_long) return "max_tokens";
  return reply.end == ModelReply::End::refused ? "refusal" : "end_turn";
}

json::value stop_details(const ModelReply& reply) {
  if (reply.end != ModelReply::End::refused) return nullptr;
  return json::object{{"type", "refusal"}, {"category", nullptr}, {"explanation", nullptr}};
}

std::int64_t output_tokens(const ModelReply& reply) {
  auto tokens = tokens_of(reply.text).size() + tokens_of(reply.thoughts).size();
  for (const auto& call : reply.calls) tokens += 10 + call.arguments.size() * 5;
  return static_cast<std::int64_t>(tokens);
}

json::object usage(const MessageEnvelope& envelope, std::int64_t output) {
  return {{"input_tokens", envelope.input_tokens},
          {"output_tokens", output},
          {"cache_creation_input_tokens", envelope.cache_written_tokens},
          {"cache_read_input_tokens", envelope.cache_read_tokens},
          {"cache_creation",
           {{"ephemeral_5m_input_tokens", envelope.cache_written_tokens},
            {"ephemeral_1h_input_tokens", 0}}},
          {"server_tool_use", nullptr},
          {"service_tier", "standard"}};
}

std::string id_of(const ModelToolUse& call, const MessageEnvelope& envelope, std::size_t index) {
  return call.id.empty() ? fmt::format("toolu_{}_{}", envelope.id, index) : call.id;
}

json::object empty_message(const MessageEnvelope& envelope) {
  return {{"id", envelope.id},          {"type", "message"},        {"role", "assistant"},
          {"model", envelope.model},    {"content", json::array{}}, {"stop_reason", nullptr},
          {"stop_sequence", nullptr},   {"stop_details", nullptr},  {"container", nullptr},
          {"usage", usage(envelope, 1)}};
}

class Events {
 public:
  explicit Events(const MessageEnvelope& envelope) : envelope_(envelope) {}

  void add(std::string_view type, json::object data, bool is_token = false) {
    options_.events.push_back(event(type, std::move(data), is_token));
  }
  static WireEvent event(std::string_view type, json::object data, bool is_token) {
    data["type"] = type;
    return {fmt::format("event: {}\ndata: {}\n\n", type, json::serialize(data)), is_token};
  }
  void begin_block(json::object block) {
    add("content_block_start", {{"index", index_}, {"content_block", std::move(block)}});
  }
  void delta(json::object delta, bool is_token) {
    add("content_block_delta", {{"index", index_}, {"delta", std::move(delta)}}, is_token);
  }
  void end_block() { add("content_block_stop", {{"index", index_++}}); }

  void thoughts(const std::string& text) {
    begin_block({{"type", "thinking"}, {"thinking", ""}, {"signature", ""}});
    for (auto& token : tokens_of(text))
      delta({{"type", "thinking_delta"}, {"thinking", token}}, true);
    delta({{"type", "signature_delta"}, {"signature", "c2lnbmVk"}}, false);
    end_block();
  }
  void text(const std::string& text) {
    begin_block({{"type", "text"}, {"text", ""}});
    for (auto& token : tokens_of(text)) delta({{"type", "text_delta"}, {"text", token}}, true);
    end_block();
  }
  /// Arguments in two halves; of an empty object nothing comes.
  void call(const ModelToolUse& call) {
    begin_block({{"type", "tool_use"},
                 {"id", id_of(call, envelope_, static_cast<std::size_t>(index_))},
                 {"name", call.name},
                 {"input", json::object{}},
                 {"caller", {{"type", "direct"}}}});
    if (!call.arguments.empty()) {
      auto text = json::serialize(call.arguments);
      // Never within a character: each half is a string of JSON.
      auto cut = text.size() / 2;
      while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
      delta({{"type", "input_json_delta"}, {"partial_json", ""}}, false);
      delta({{"type", "input_json_delta"}, {"partial_json", text.substr(0, cut)}}, true);
      delta({{"type", "input_json_delta"}, {"partial_json", text.substr(cut)}}, true);
    }
    end_block();
  }
  /// The text up to the middle of its last word, and what then goes wrong.
  void broken(const ModelReply& reply) {
    begin_block({{"type", "text"}, {"text", ""}});
    auto tokens = tokens_of(reply.text);
    if (!tokens.empty() && reply.breaks != Breaks::for_ever)
      tokens.back().resize((tokens.back().size() + 1) / 2);
    for (auto& token : tokens) {
      delta({{"type", "text_delta"}, {"text", token}}, true);
      options_.again.push_back(options_.events.back());
    }
    if (reply.breaks != Breaks::for_ever) options_.again.clear();
    if (reply.breaks == Breaks::cut) options_.end = EventBodyOptions::End::cut;
    if (reply.breaks == Breaks::error)
      add("error", message_error("overloaded_error", "Overloaded", "req_" + envelope_.id));
    if (reply.breaks == Breaks::half_json)
      options_.events.push_back({"event: content_block_delta\ndata: {\"type\":\"content_bl\n\n"});
  }
  EventBodyOptions take() { return std::move(options_); }

 private:
  const MessageEnvelope& envelope_;
  std::int64_t index_ = 0;
  EventBodyOptions options_;
};

}  // namespace

json::object whole_message(const ModelReply& reply, const MessageEnvelope& envelope) {
  auto message = empty_message(envelope);
  auto& content = message["content"].as_array();
  if (!reply.thoughts.empty())
    content.push_back({{"type", "thinking"}, {"thinking", reply.thoughts}, {"signature", "c2ln"}});
  if (!reply.text.empty())
    content.push_back({{"type", "text"}, {"text", reply.text}, {"citations", nullptr}});
  for (std::size_t i = 0; i < reply.calls.size(); ++i)
    content.push_back({{"type", "tool_use"},
                       {"id", id_of(reply.calls[i], envelope, i)},
                       {"name", reply.calls[i].name},
                       {"input", reply.calls[i].arguments},
                       {"caller", {{"type", "direct"}}}});
  message["stop_reason"] = stop_reason(reply);
  message["stop_details"] = stop_details(reply);
  message["usage"] = usage(envelope, output_tokens(reply));
  return message;
}

EventBodyOptions message_events(const ModelReply& reply, const MessageEnvelope& envelope) {
  Events events(envelope);
  if (reply.breaks == Breaks::no_events) return events.take();
  events.add("message_start", {{"message", empty_message(envelope)}});
  events.add("ping", {});
  if (reply.breaks != Breaks::never) {
    events.broken(reply);
    return events.take();
  }
  if (!reply.thoughts.empty()) events.thoughts(reply.thoughts);
  if (!reply.text.empty()) events.text(reply.text);
  for (const auto& call : reply.calls) events.call(call);
  events.add("ping", {});
  events.add("message_delta", {{"delta",
                                {{"stop_reason", stop_reason(reply)},
                                 {"stop_sequence", nullptr},
                                 {"stop_details", stop_details(reply)}}},
                               {"usage", usage(envelope, output_tokens(reply))}});
  events.add("message_stop", {});
  return events.take();
}

json::object message_error(std::string_view type, std::string_view message,
                           std::string_view request_id) {
  return {{"type", "error"},
          {"error", {{"type", type}, {"message", message}}},
          {"request_id", request_id}};
}

}  // namespace parley::simulators
