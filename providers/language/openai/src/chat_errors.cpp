#include "chat_errors.hpp"

#include "parley/base/json.hpp"

namespace parley::providers::openai {

namespace {

Errc code_of(int status, std::string_view code) {
  // Nobody pays: waiting does not help.
  if (code == "insufficient_quota") return Errc::forbidden;
  if (code == "context_length_exceeded") return Errc::too_large;
  switch (status) {
    case 401:
    case 402:
    case 403:
      return Errc::forbidden;
    case 404:
      return Errc::not_found;
    case 413:
      return Errc::too_large;
    case 429:
      return Errc::rate_limited;
    case 408:
    case 409:
      return Errc::unavailable;
    case 504:
      return Errc::timeout;
    default:
      return status >= 500 ? Errc::unavailable : Errc::invalid;
  }
}

}  // namespace

Error error_of_status(const net::HttpResponse& response) {
  auto body = parse_json(response.body);
  auto code = body ? text_at(*body, "/error/code") : "";
  if (code.empty() && body) code = text_at(*body, "/error/type");
  Error error{code_of(response.status, code),
              language::answered("The chat completions", response.status, code)};
  if (body && (response.status == 400 || response.status == 404))
    error.detail += ": " + text_at(*body, "/error/message").substr(0, 200);
  return error;
}

std::optional<Error> error_of_event(const net::StreamEvent& event) {
  // Text of the answer may hold the word too: it is looked at only when it stands there at all.
  if (!event.data.contains("\"error\"")) return std::nullopt;
  auto body = parse_json(event.data);
  const auto* found = body ? value_at(*body, "/error") : nullptr;
  if (!found || found->is_null()) return std::nullopt;
  auto code = text_at(*body, "/error/code");
  if (code.empty()) code = text_at(*body, "/error/type");
  bool is_limit = code == "rate_limit_exceeded";
  return Error{is_limit ? Errc::rate_limited : code_of(500, code),
               "the chat completions broke off: " + (code.empty() ? "error" : code)};
}

bool refuses_max_tokens(const net::HttpResponse& response) {
  if (response.status != 400) return false;
  auto body = parse_json(response.body);
  return body && text_at(*body, "/error/param") == "max_tokens";
}

}  // namespace parley::providers::openai
