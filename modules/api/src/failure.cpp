#include "failure.hpp"

#include <array>

#include "parley/api/api.hpp"
#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

struct Row {
  Errc errc;
  int status;
  std::string_view code;
  /// Replaces the error's own words where they are for operators only.
  std::string_view message;
  int retry_after_s;
};

constexpr std::string_view broken = "Something went wrong here. It has been logged.";

constexpr std::array table{
    Row{Errc::invalid, 422, "invalid", "", 0},
    Row{Errc::unauthenticated, 401, "unauthenticated", "", 0},
    Row{Errc::forbidden, 403, "forbidden", "", 0},
    Row{Errc::not_found, 404, "not_found", "", 0},
    Row{Errc::conflict, 409, "conflict", "", 0},
    Row{Errc::too_large, 413, "too_large", "", 0},
    Row{Errc::unsupported, 415, "unsupported_media_type", "", 0},
    Row{Errc::rate_limited, 429, "rate_limited", "Too much is going on just now. Try again soon.",
        1},
    Row{Errc::unavailable, 503, "unavailable",
        "A part of the system is away just now. Nothing was changed; try again soon.", 5},
    Row{Errc::timeout, 503, "timeout",
        "A part of the system took too long. Nothing was changed; try again soon.", 5},
    Row{Errc::outcome_unknown, 503, "outcome_unknown",
        "The connection broke before it was clear whether this was done. Look before trying again.",
        5},
    Row{Errc::end_of_stream, 500, "internal", broken, 0},
    Row{Errc::corrupt, 500, "internal", broken, 0},
    Row{Errc::resource_exhausted, 503, "resource_exhausted",
        "The server has run out of room. Nothing was changed; try again later.", 30},
};

const Row& row_of(Errc errc) {
  auto found = std::ranges::find(table, errc, &Row::errc);
  return found == table.end() ? table[11] : *found;
}

std::string sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

/// For the server's own refusals.
std::string_view code_of_status(int status) {
  switch (status) {
    case 400:
      return "malformed_request";
    case 404:
      return "route_not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 413:
      return "too_large";
    case 417:
      return "expectation_failed";
    case 426:
      return "upgrade_required";
    case 431:
      return "head_too_large";
    case 501:
      return "not_implemented";
    case 503:
      return "unavailable";
    case 505:
      return "http_version_not_supported";
    default:
      return status < 500 ? "malformed_request" : "internal";
  }
}

}  // namespace

Failure failure_of(const Error& error) {
  auto& row = row_of(error.code);
  Failure failure;
  failure.errc = error.code;
  failure.status = row.status;
  failure.reason = error.detail;
  failure.message = row.message.empty() ? sentence(error.detail) : std::string(row.message);
  if (row.retry_after_s > 0) failure.retry_after = std::chrono::seconds(row.retry_after_s);
  return failure;
}

std::string code_of(const Failure& failure, std::string_view thing) {
  if (!failure.code.empty()) return failure.code;
  auto code = row_of(failure.errc).code;
  if (failure.errc == Errc::not_found && !thing.empty()) return std::string(thing) + "_not_found";
  return std::string(code);
}

std::unexpected<Failure> refuse(const Error& error, std::string_view thing) {
  auto failure = failure_of(error);
  failure.code = code_of(failure, thing);
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> refuse(int status, std::string code, std::string message) {
  Failure failure;
  failure.status = status;
  failure.code = std::move(code);
  failure.message = std::move(message);
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> refuse_fields(std::vector<FieldProblem> problems) {
  Failure failure;
  failure.status = 422;
  failure.code = "validation_failed";
  failure.message = problems.size() == 1
                        ? sentence(problems[0].field + " " + problems[0].problem)
                        : std::to_string(problems.size()) + " fields are not right.";
  failure.details = std::move(problems);
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> refuse_field(std::string field, std::string problem) {
  return refuse_fields({{std::move(field), std::move(problem)}});
}

std::unexpected<Failure> refuse_until(std::chrono::seconds retry_after, std::string code,
                                      std::string message) {
  Failure failure;
  failure.status = 429;
  failure.code = std::move(code);
  failure.message = std::move(message);
  failure.retry_after = retry_after;
  return std::unexpected(std::move(failure));
}

net::HttpResponse json_response(int status, std::string body) {
  return net::text_response(status, std::move(body), "application/json; charset=utf-8");
}

net::HttpResponse respond(const Failure& failure, std::string_view code,
                          const std::string& request_id) {
  json::object body{{"success", false}, {"error", failure.message}, {"code", code}};
  if (!failure.details.empty()) {
    json::array details;
    for (auto& detail : failure.details)
      details.push_back(json::object{{"field", detail.field}, {"problem", detail.problem}});
    body["details"] = std::move(details);
  }
  if (!failure.data.empty()) body["data"] = failure.data;
  body["requestId"] = request_id;
  auto response = json_response(failure.status, json::serialize(body));
  response.headers.set("Cache-Control", "no-store");
  if (failure.retry_after)
    response.headers.set("Retry-After", std::to_string(failure.retry_after->count()));
  for (auto& [name, value] : failure.headers.all()) response.headers.set(name, value);
  return response;
}

net::ErrorPage api_error_page() {
  return [](int status, std::string_view message, const std::string& request_id) {
    Failure failure;
    failure.status = status;
    failure.message = sentence(std::string(message));
    auto response = respond(failure, code_of_status(status), request_id);
    response.headers.set("X-Content-Type-Options", "nosniff");
    return response;
  };
}

}  // namespace parley::api
