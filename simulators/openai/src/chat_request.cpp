#include "chat_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace parley::simulators {

namespace {

using Verdict = std::expected<void, OpenAiError>;

constexpr std::size_t max_name_bytes = 64;
constexpr std::size_t max_id_bytes = 40;

std::unexpected<OpenAiError> wrong(std::string message, std::string param = {},
                                   std::string code = {}) {
  OpenAiError error;
  error.message = std::move(message);
  error.param = std::move(param);
  error.code = std::move(code);
  return std::unexpected(std::move(error));
}

bool is_name(std::string_view text) {
  auto fine = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= max_name_bytes && std::ranges::all_of(text, fine);
}

bool flag_in(const json::value& value, std::string_view pointer) {
  const auto* flag = value_at(value, pointer);
  return flag && flag->is_bool() && flag->get_bool();
}

/// Of a string, or of parts.
std::string text_of(const json::value& message) {
  const auto* content = value_at(message, "/content");
  if (!content || content->is_null()) return "";
  if (content->is_string()) return std::string(content->get_string());
  std::string text;
  if (content->is_array())
    for (const auto& part : content->get_array()) text += text_at(part, "/text");
  return text;
}

class Reader {
 public:
  Reader(const json::value& body, const OpenAiAccount& account) : body_(body), account_(account) {}

  std::expected<ChatRequest, OpenAiError> read() {
    for (auto step : {&Reader::fields, &Reader::tools, &Reader::messages})
      if (auto good = (this->*step)(); !good) return std::unexpected(good.error());
    return std::move(request_);
  }

 private:
  Verdict fields() {
    request_.model_name = text_at(body_, "/model");
    if (request_.model_name.empty()) return wrong("you must provide a model parameter");
    if (!account_.has_model(request_.model_name)) {
      OpenAiError error{.status = 404, .message = "The model does not exist"};
      error.code = "model_not_found";
      return std::unexpected(error);
    }
    const auto& strict = account_.options().without_max_tokens;
    if (value_at(body_, "/max_tokens") && !account_.is_local() &&
        std::ranges::find(strict, request_.model_name) != strict.end())
      return wrong(
          "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
          "'max_completion_tokens' instead.",
          "max_tokens", "unsupported_parameter");
    request_.is_streamed = flag_in(body_, "/stream");
    request_.wants_usage = flag_in(body_, "/stream_options/include_usage");
    if (value_at(body_, "/stream_options") && !request_.is_streamed)
      return wrong("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                   "stream_options");
    return {};
  }

  Verdict tools() {
    const auto* tools = value_at(body_, "/tools");
    if (!tools) return {};
    if (!tools->is_array() || tools->get_array().empty())
      return wrong("[] is too short - 'tools'", "tools");
    for (const auto& tool : tools->get_array()) {
      auto name = text_at(tool, "/function/name");
      if (text_at(tool, "/type") != "function" || !is_name(name))
        return wrong("Invalid 'tools[].function.name': string does not match pattern", "tools");
      request_.model.tools.push_back(std::move(name));
    }
    return {};
  }

  Verdict messages() {
    const auto* messages = value_at(body_, "/messages");
    if (!messages || !messages->is_array() || messages->get_array().empty())
      return wrong("[] is too short - 'messages'", "messages");
    for (const auto& message : messages->get_array())
      if (auto good = add(message); !good) return good;
    return answered();
  }

  Verdict add(const json::value& message) {
    auto role = text_at(message, "/role");
    if (role == "tool") return add_outcome(message);
    if (auto good = answered(); !good) return good;
    if (role == "system" || role == "developer") {
      request_.model.system += text_of(message) + "\n";
      return {};
    }
    auto& turn = request_.model.turns.emplace_back();
    turn.text = text_of(message);
    if (role == "user") {
      if (turn.text.empty()) return wrong("Invalid value for 'content'", "messages");
      return {};
    }
    if (role != "assistant") return wrong("Invalid value: '" + role + "'", "messages");
    turn.role = ModelTurn::Role::assistant;
    const auto* calls = value_at(message, "/tool_calls");
    if (!calls || !calls->is_array()) return {};
    for (const auto& call : calls->get_array())
      if (auto good = add_call(turn, call); !good) return good;
    return {};
  }

  Verdict add_call(ModelTurn& turn, const json::value& call) {
    auto id = text_at(call, "/id");
    if (id.empty() || id.size() > max_id_bytes)
      return wrong("Invalid 'messages[].tool_calls[].id': string too long", "messages");
    if (text_at(call, "/type") != "function" || !is_name(text_at(call, "/function/name")))
      return wrong("Invalid 'messages[].tool_calls[].function.name'", "messages");
    const auto* text = value_at(call, "/function/arguments");
    if (!text || !text->is_string())
      return wrong("Invalid type for 'messages[].tool_calls[].function.arguments'", "messages");
    auto arguments = parse_json(text->get_string());
    if (!arguments || !arguments->is_object()) return wrong("arguments are no JSON", "messages");
    open_.insert(id);
    turn.calls.push_back({id, text_at(call, "/function/name"), arguments->get_object()});
    return {};
  }

  Verdict add_outcome(const json::value& message) {
    auto id = text_at(message, "/tool_call_id");
    if (open_.erase(id) == 0)
      return wrong(
          "messages with role 'tool' must be a response to a preceding message with "
          "'tool_calls'.",
          "messages");
    auto& turns = request_.model.turns;
    if (turns.back().outcomes.empty()) turns.emplace_back();
    turns.back().outcomes.push_back({id, text_of(message)});
    return {};
  }

  Verdict answered() {
    if (open_.empty()) return {};
    return wrong(
        "An assistant message with 'tool_calls' must be followed by tool messages "
        "responding to each 'tool_call_id'.",
        "messages");
  }

  const json::value& body_;
  const OpenAiAccount& account_;
  ChatRequest request_;
  std::set<std::string> open_;  ///< ids of calls without their outcome
};

}  // namespace

std::expected<ChatRequest, OpenAiError> read_chat_request(const std::string& body,
                                                          const OpenAiAccount& account) {
  auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object())
    return wrong("We could not parse the JSON body of your request.");
  auto request = Reader(*parsed, account).read();
  if (request) request->input_bytes = body.size();
  return request;
}

}  // namespace parley::simulators
