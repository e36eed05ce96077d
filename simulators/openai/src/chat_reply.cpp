#include "chat_reply.hpp"

#include <fmt/format.h>

namespace parley::simulators {

namespace {

using Breaks = ModelReply::Breaks;
using Dialect = OpenAiSimulatorOptions::Dialect;

std::string_view finish_reason(const ModelReply& reply, Dialect dialect) {
  if (reply.end == ModelReply::End::too_long) return "length";
  if (reply.end == ModelReply::End::refused) return "content_filter";
  return reply.calls.empty() || dialect == Dialect::local ? "stop" : "tool_calls";
}

json::object usage(const ModelReply& reply, const ChatEnvelope& envelope) {
  auto output = static_cast<std::int64_t>(tokens_of(reply.text).size() + 15 * reply.calls.size());
  return {{"prompt_tokens", envelope.prompt_tokens},
          {"completion_tokens", output},
          {"total_tokens", envelope.prompt_tokens + output},
          {"prompt_tokens_details", {{"cached_tokens", envelope.cached_tokens}}},
          {"completion_tokens_details", {{"reasoning_tokens", 0}}}};
}

std::string id_of(const ModelToolUse& call, const ChatEnvelope& envelope, std::size_t index) {
  return call.id.empty() ? fmt::format("call_{}_{}", envelope.id, index) : call.id;
}

class Chunks {
 public:
  explicit Chunks(const ChatEnvelope& envelope) : envelope_(envelope) {}

  void add(json::object delta, json::value reason = nullptr, bool is_token = false) {
    json::object choice{
        {"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(reason)}};
    auto chunk = empty_chunk();
    chunk["choices"] = json::array{std::move(choice)};
    if (envelope_.wants_usage && !is_local()) chunk["usage"] = nullptr;
    add_event(json::serialize(chunk), is_token);
  }
  void add_event(std::string_view data, bool is_token = false) {
    options_.events.push_back({fmt::format("data: {}\n\n", data), is_token});
  }
  void add_usage(const ModelReply& reply) {
    auto chunk = empty_chunk();
    chunk["choices"] = json::array{};
    chunk["usage"] = usage(reply, envelope_);
    add_event(json::serialize(chunk));
  }

  void text(const ModelReply& reply) {
    for (auto& token : tokens_of(reply.thoughts))
      add({{"reasoning_content", token}}, nullptr, true);
    for (auto& token : tokens_of(reply.text)) add({{"content", token}}, nullptr, true);
  }

  /// A whole call in one delta, without what a client can do without.
  void local_calls(const ModelReply& reply) {
    for (const auto& call : reply.calls) {
      json::object function{{"name", call.name}, {"arguments", json::serialize(call.arguments)}};
      add({{"tool_calls", json::array{json::object{{"function", std::move(function)}}}}}, nullptr,
          true);
    }
  }

  /// First the names of all, then the arguments by thirds, one call after the other.
  void calls(const ModelReply& reply) {
    std::vector<std::vector<std::string>> pieces;
    for (std::size_t i = 0; i < reply.calls.size(); ++i) {
      const auto& call = reply.calls[i];
      json::object function{{"name", call.name}, {"arguments", ""}};
      add_call({{"index", i},
                {"id", id_of(call, envelope_, i)},
                {"type", "function"},
                {"function", std::move(function)}});
      pieces.push_back(thirds(json::serialize(call.arguments)));
      if (call.arguments.empty()) pieces.back() = {"", "", ""};
    }
    for (std::size_t third = 0; third < 3; ++third)
      for (std::size_t i = 0; i < pieces.size(); ++i)
        add_call({{"index", i}, {"function", json::object{{"arguments", pieces[i][third]}}}});
  }

  /// The text up to the middle of its last word, and what then goes wrong.
  void broken(const ModelReply& reply) {
    auto tokens = tokens_of(reply.text);
    if (!tokens.empty() && reply.breaks != Breaks::for_ever)
      tokens.back().resize((tokens.back().size() + 1) / 2);
    auto first = options_.events.size();
    for (auto& token : tokens) add({{"content", token}}, nullptr, true);
    if (reply.breaks == Breaks::for_ever)
      options_.again.assign(options_.events.begin() + static_cast<std::ptrdiff_t>(first),
                            options_.events.end());
    if (reply.breaks == Breaks::cut) options_.end = EventBodyOptions::End::cut;
    if (reply.breaks == Breaks::error)
      add_event(R"({"error":{"message":"Overloaded","type":"server_error","code":null}})");
    if (reply.breaks == Breaks::half_json) add_event(R"({"id":"x","choices":[{"index":0,"del)");
  }

  bool is_local() const { return envelope_.dialect == Dialect::local; }
  EventBodyOptions take() { return std::move(options_); }

 private:
  void add_call(json::object call) {
    add({{"tool_calls", json::array{std::move(call)}}}, nullptr, true);
  }
  /// Never cut within a character.
  static std::vector<std::string> thirds(const std::string& text) {
    auto cut = [&](std::size_t at) {
      while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
      return at;
    };
    auto one = cut(text.size() / 3);
    auto two = cut(text.size() * 2 / 3);
    return {text.substr(0, one), text.substr(one, two - one), text.substr(two)};
  }
  json::object empty_chunk() const {
    return {{"id", envelope_.id},
            {"object", "chat.completion.chunk"},
            {"created", envelope_.created},
            {"model", envelope_.model}};
  }

  const ChatEnvelope& envelope_;
  EventBodyOptions options_;
};

}  // namespace

json::object whole_completion(const ModelReply& reply, const ChatEnvelope& envelope) {
  json::object message{{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
  if (!reply.text.empty()) message["content"] = reply.text;
  json::array calls;
  for (std::size_t i = 0; i < reply.calls.size(); ++i) {
    const auto& call = reply.calls[i];
    json::object function{{"name", call.name}, {"arguments", json::serialize(call.arguments)}};
    calls.push_back(json::object{
        {"id", id_of(call, envelope, i)}, {"type", "function"}, {"function", std::move(function)}});
  }
  if (!calls.empty()) message["tool_calls"] = std::move(calls);
  json::object choice{{"index", 0},
                      {"message", std::move(message)},
                      {"logprobs", nullptr},
                      {"finish_reason", finish_reason(reply, envelope.dialect)}};
  return {{"id", envelope.id},
          {"object", "chat.completion"},
          {"created", envelope.created},
          {"model", envelope.model},
          {"choices", json::array{std::move(choice)}},
          {"usage", usage(reply, envelope)}};
}

EventBodyOptions completion_chunks(const ModelReply& reply, const ChatEnvelope& envelope) {
  Chunks chunks(envelope);
  if (reply.breaks == Breaks::no_events) return chunks.take();
  chunks.add({{"role", "assistant"}, {"content", ""}});
  if (reply.breaks != Breaks::never) {
    chunks.broken(reply);
    return chunks.take();
  }
  chunks.text(reply);
  if (chunks.is_local())
    chunks.local_calls(reply);
  else
    chunks.calls(reply);
  chunks.add({}, json::value(finish_reason(reply, envelope.dialect)));
  if (envelope.wants_usage) chunks.add_usage(reply);
  chunks.add_event("[DONE]");
  return chunks.take();
}

}  // namespace parley::simulators
