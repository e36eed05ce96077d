#include "messages_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace parley::simulators {

namespace {

constexpr std::string_view known_fields[]{
    "model",         "max_tokens",    "messages",       "system",   "tools",
    "tool_choice",   "stream",        "stop_sequences", "metadata", "thinking",
    "output_config", "cache_control", "service_tier",   "speed",    "inference_geo",
    "container",     "diagnostics",   "temperature",    "top_p",    "top_k"};
constexpr std::string_view sampling_fields[]{"temperature", "top_p", "top_k"};
constexpr std::size_t most_breakpoints = 4;

std::unexpected<Error> wrong(std::string message) {
  return fail(Errc::invalid, std::move(message));
}

bool is_plain(std::string_view text, std::size_t most) {
  auto fine = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, fine);
}

std::string type_of(const json::value& block) { return text_at(block, "/type"); }

/// Of a string, or of blocks of text.
Result<std::string> text_of(const json::value& content, const std::string& where) {
  if (content.is_string()) return std::string(content.get_string());
  if (!content.is_array()) return wrong(where + ": Input should be a valid string or list");
  std::string text;
  for (const auto& block : content.get_array()) {
    if (type_of(block) != "text") continue;
    auto part = text_at(block, "/text");
    if (part.empty()) return wrong(where + ": text content blocks must be non-empty");
    text += (text.empty() ? "" : "\n") + part;
  }
  return text;
}

class Reader {
 public:
  Reader(const json::object& body, std::string_view version) : body_(body), version_(version) {}

  Result<MessagesRequest> read() {
    for (auto step : {&Reader::fields, &Reader::tools, &Reader::system, &Reader::messages})
      if (auto good = (this->*step)(); !good) return std::unexpected(good.error());
    request_.input_bytes = json::serialize(body_).size();
    return std::move(request_);
  }

 private:
  Result<void> fields() {
    for (const auto& field : body_)
      if (std::ranges::find(known_fields, std::string_view(field.key())) == std::end(known_fields))
        return wrong(std::string(field.key()) + ": Extra inputs are not permitted");
    for (auto name : sampling_fields)
      if (version_ == version_without_sampling && body_.contains(name))
        return wrong(fmt::format("{}: not supported with anthropic-version {}", name, version_));
    request_.model_name = text_in(body_, "model");
    if (request_.model_name.empty()) return wrong("model: Field required");
    const auto* most = body_.if_contains("max_tokens");
    if (!most || !most->is_int64() || most->get_int64() < 0)
      return wrong("max_tokens: Field required");
    request_.max_tokens = most->get_int64();
    const auto* stream = body_.if_contains("stream");
    request_.is_streamed = stream && stream->is_bool() && stream->get_bool();
    return {};
  }

  Result<void> mark(const json::value& block, std::string_view prefix) {
    if (!value_at(block, "/cache_control")) return {};
    if (text_at(block, "/cache_control/type") != "ephemeral")
      return wrong("cache_control.type: Input should be 'ephemeral'");
    if (++breakpoints_ > most_breakpoints)
      return wrong("A maximum of 4 blocks with cache_control may be provided");
    request_.cached_prefix = prefix;
    return {};
  }

  // The order of the prefix is tools, then system.
  Result<void> tools() {
    const auto* tools = body_.if_contains("tools");
    if (!tools) return {};
    if (!tools->is_array()) return wrong("tools: Input should be a valid list");
    std::set<std::string> names;
    for (const auto& tool : tools->get_array()) {
      auto name = text_at(tool, "/name");
      if (!is_plain(name, 128))
        return wrong("tools.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
      if (!names.insert(name).second) return wrong("tools: Tool names must be unique.");
      if (text_at(tool, "/input_schema/type") != "object")
        return wrong("tools.input_schema.type: Field required");
      request_.model.tools.push_back(name);
      tools_prefix_ += json::serialize(tool);
      if (auto good = mark(tool, tools_prefix_); !good) return good;
    }
    return {};
  }

  Result<void> system() {
    const auto* system = body_.if_contains("system");
    if (!system) return {};
    auto text = text_of(*system, "system");
    if (!text) return std::unexpected(text.error());
    request_.model.system = *text;
    if (!system->is_array()) return {};
    auto prefix = tools_prefix_;
    for (const auto& block : system->get_array()) {
      prefix += text_at(block, "/text");
      if (auto good = mark(block, prefix); !good) return good;
    }
    return {};
  }

  Result<void> messages() {
    const auto* messages = body_.if_contains("messages");
    if (!messages || !messages->is_array() || messages->get_array().empty())
      return wrong("messages: at least one message is required");
    for (const auto& message : messages->get_array())
      if (auto good = add(message); !good) return good;
    const auto& turns = request_.model.turns;
    if (turns.empty() || turns.front().role != ModelTurn::Role::user)
      return wrong("messages: first message must use the \"user\" role");
    if (turns.back().role == ModelTurn::Role::assistant)
      return wrong(
          "This model does not support assistant message prefill. The conversation must "
          "end with a user message.");
    return pairs();
  }

  Result<void> add(const json::value& message) {
    auto where = fmt::format("messages.{}", request_.model.turns.size());
    auto role = text_at(message, "/role");
    const auto* content = value_at(message, "/content");
    if (!content) return wrong(where + ".content: Field required");
    auto text = text_of(*content, where);
    if (!text) return std::unexpected(text.error());
    if (role == "system") {
      request_.model.system += "\n" + *text;
      return {};
    }
    if (role != "user" && role != "assistant")
      return wrong(where + ".role: Input should be 'user' or 'assistant'");
    auto which = role == "user" ? ModelTurn::Role::user : ModelTurn::Role::assistant;
    auto& turns = request_.model.turns;
    // Turns of one role that follow each other are one.
    if (turns.empty() || turns.back().role != which) turns.emplace_back().role = which;
    auto& turn = turns.back();
    if (text->empty() && !content->is_array()) return wrong(where + ": content must be non-empty");
    bool had_text = false;
    if (content->is_array())
      for (const auto& block : content->get_array()) {
        if (type_of(block) == "text") had_text = true;
        if (auto good = add_block(turn, block, had_text, where); !good) return good;
      }
    turn.text += (turn.text.empty() || text->empty() ? "" : "\n") + *text;
    return {};
  }

  Result<void> add_block(ModelTurn& turn, const json::value& block, bool after_text,
                         const std::string& where) {
    auto type = type_of(block);
    if (value_at(block, "/cache_control") && ++breakpoints_ > most_breakpoints)
      return wrong("A maximum of 4 blocks with cache_control may be provided");
    if (type == "tool_use") {
      auto id = text_at(block, "/id");
      if (turn.role != ModelTurn::Role::assistant || !is_plain(id, 256))
        return wrong(where + ".tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'");
      if (!is_plain(text_at(block, "/name"), 200))
        return wrong(where +
                     ".tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{1,200}$'");
      const auto* input = value_at(block, "/input");
      if (!input || !input->is_object())
        return wrong(where + ".tool_use.input: Input should be a valid dictionary");
      if (!ids_.insert(id).second) return wrong(where + ": `tool_use` ids must be unique");
      turn.calls.push_back({id, text_at(block, "/name"), input->get_object()});
    } else if (type == "tool_result") {
      if (turn.role != ModelTurn::Role::user)
        return wrong(where + ": `tool_result` blocks can only be in user messages");
      if (after_text)
        return wrong(where + ": `tool_result` blocks must come before any text in the message");
      const auto* content = value_at(block, "/content");
      auto text = content ? text_of(*content, where) : Result<std::string>("");
      if (!text) return std::unexpected(text.error());
      turn.outcomes.push_back({text_at(block, "/tool_use_id"), *text});
    } else if (type != "text" && type != "image" && type != "document" && type != "thinking" &&
               type != "redacted_thinking" && type != "search_result") {
      return wrong(
          fmt::format("{}: Input tag '{}' found using 'type' does not match", where, type));
    }
    return {};
  }

  /// Each call is answered in the turn after it, and nothing else is.
  Result<void> pairs() {
    const auto& turns = request_.model.turns;
    for (std::size_t i = 0; i < turns.size(); ++i) {
      std::set<std::string> called;
      if (i > 0)
        for (const auto& call : turns[i - 1].calls) called.insert(call.id);
      for (const auto& outcome : turns[i].outcomes)
        if (called.erase(outcome.id) == 0)
          return wrong(
              fmt::format("messages.{}: unexpected `tool_use_id` found in `tool_result` "
                          "blocks: {}",
                          i, outcome.id));
      if (!called.empty())
        return wrong(
            fmt::format("messages.{}: `tool_use` ids were found without `tool_result` "
                        "blocks immediately after: {}",
                        i - 1, *called.begin()));
    }
    return {};
  }

  const json::object& body_;
  std::string_view version_;
  MessagesRequest request_;
  std::set<std::string> ids_;
  std::size_t breakpoints_ = 0;
  std::string tools_prefix_;
};

}  // namespace

Result<MessagesRequest> read_messages_request(const json::value& body, std::string_view version) {
  if (!body.is_object()) return wrong("the body is no JSON object");
  return Reader(body.get_object(), version).read();
}

}  // namespace parley::simulators
