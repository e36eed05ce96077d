#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"
#include "parley/net/http.hpp"

namespace parley::api {

/// An answer that is not a success: what the envelope of a failure says.
struct Failure {
  int status = 500;
  /// "slot_taken"; empty: made from `errc` and the thing the route is about.
  std::string code;
  std::string message;  ///< a sentence for people
  std::string reason;   ///< for the log only
  std::vector<FieldProblem> details;
  std::optional<std::chrono::seconds> retry_after;
  json::object data;  ///< what helps to go on: alternatives, checks
  net::Headers headers;
  Errc errc = Errc::invalid;
};

/// The one table from Errc to HTTP. Errors that tell of the inside get a message that does not.
Failure failure_of(const Error& error);
std::string code_of(const Failure& failure, std::string_view thing);

/// `co_return refuse(error);`
inline std::unexpected<Failure> refuse(const Error& error) {
  return std::unexpected(failure_of(error));
}
/// About another thing than the route's: "service" gives service_not_found.
std::unexpected<Failure> refuse(const Error& error, std::string_view thing);
std::unexpected<Failure> refuse(int status, std::string code, std::string message);
/// 422 with every wrong field.
std::unexpected<Failure> refuse_fields(std::vector<FieldProblem> problems);
std::unexpected<Failure> refuse_field(std::string field, std::string problem);
std::unexpected<Failure> refuse_until(std::chrono::seconds retry_after, std::string code,
                                      std::string message);

net::HttpResponse respond(const Failure& failure, std::string_view code,
                          const std::string& request_id);
net::HttpResponse json_response(int status, std::string body);

}  // namespace parley::api
