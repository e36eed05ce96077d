#include "openai_account.hpp"

#include <algorithm>

namespace parley::simulators {

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

std::string_view type_of_status(int status) {
  if (status == 401 || status == 403) return "authentication_error";
  if (status == 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

std::string_view code_of_status(int status) {
  switch (status) {
    case 401:
      return "invalid_api_key";
    case 404:
      return "model_not_found";
    case 429:
      return "rate_limit_exceeded";
    default:
      return "";
  }
}

}  // namespace

net::HttpResponse openai_answer(int status, const json::object& body,
                                const net::HttpRequest& request) {
  auto response = net::text_response(status, json::serialize(body), "application/json");
  response.headers.set("x-request-id", request.request_id);
  return response;
}

net::HttpResponse openai_error(const OpenAiError& error, const net::HttpRequest& request) {
  json::object body{{"message", error.message},
                    {"type", error.type},
                    {"param", text_or_null(error.param)},
                    {"code", text_or_null(error.code)}};
  return openai_answer(error.status, {{"error", std::move(body)}}, request);
}

net::HttpResponse openai_fault(const Fault& fault, const net::HttpRequest& request) {
  OpenAiError error;
  error.status = fault.status;
  error.message = "as the plan of faults wants it";
  error.type = type_of_status(fault.status);
  error.code = fault.code.empty() ? std::string(code_of_status(fault.status)) : fault.code;
  return openai_error(error, request);
}

bool OpenAiAccount::has_model(const std::string& name) const {
  return std::ranges::find(options_.models, name) != options_.models.end();
}

net::HttpHandler OpenAiAccount::admitting(
    std::function<net::HttpResponse(const net::HttpRequest&)> handler) const {
  return [this, handler = std::move(handler)](
             net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
    auto given = request.headers.get("authorization").value_or("");
    if (!is_local() && given != "Bearer " + options_.api_key)
      co_return openai_error({.status = 401,
                              .message = "Incorrect API key provided",
                              .type = "invalid_request_error",
                              .code = "invalid_api_key"},
                             request);
    co_return handler(request);
  };
}

}  // namespace parley::simulators
