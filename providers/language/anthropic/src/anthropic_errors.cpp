#include "anthropic_errors.hpp"

#include "parley/base/json.hpp"

namespace parley::providers::anthropic {

namespace {

/// Limits that the account's owner has to raise: waiting does not help.
bool is_spend_limit(std::string_view code) {
  return code == "enforced_spend_limit_reached" || code == "contract_spend_limit_reached";
}

Errc code_of_status(int status) {
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

/// Types are free strings: more of them may come.
Errc code_of_type(std::string_view type) {
  if (type == "rate_limit_error") return Errc::rate_limited;
  if (type == "invalid_request_error") return Errc::invalid;
  if (type == "request_too_large") return Errc::too_large;
  if (type == "timeout_error") return Errc::timeout;
  if (type == "authentication_error" || type == "billing_error" || type == "permission_error")
    return Errc::forbidden;
  return Errc::unavailable;
}

}  // namespace

Error error_of_status(const net::HttpResponse& response) {
  Error error;
  error.code = code_of_status(response.status);
  // The network's edge may answer in HTML.
  auto body = parse_json(response.body);
  auto type = body ? text_at(*body, "/error/type") : "";
  error.detail = language::answered("Anthropic", response.status, type);
  if (!body) return error;
  if (auto finer = text_at(*body, "/error/details/error_code"); !finer.empty()) {
    error.detail += " (" + finer + ")";
    if (is_spend_limit(finer)) error.code = Errc::forbidden;
  }
  // These are about the shape of the request or a model's name, and say which.
  if (response.status == 400 || response.status == 404)
    error.detail += ": " + text_at(*body, "/error/message").substr(0, 200);
  return error;
}

std::optional<Error> error_of_event(const net::StreamEvent& event) {
  if (event.name != "error") return std::nullopt;
  auto body = parse_json(event.data);
  auto type = body ? text_at(*body, "/error/type") : "";
  return Error{code_of_type(type), "Anthropic broke off: " + (type.empty() ? "error" : type)};
}

}  // namespace parley::providers::anthropic
