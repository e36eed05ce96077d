#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/json.hpp"
#include "parley/net/http.hpp"

namespace parley::gateway {

/// What the gateway itself answers, in the API's envelope.
struct Refusal {
  int status = 502;
  std::string code;
  std::string message;
  std::chrono::milliseconds retry_after{0};
  std::vector<FieldProblem> details;
  std::string allow;         ///< of a 405
  std::string authenticate;  ///< of a 401
};

net::HttpResponse respond(const Refusal& refusal, const std::string& request_id);

/// Of an error of a target: 502, 503 or 504. Its own words are for the log.
enum class Overdue { no, yes };
Refusal refusal_of(const Error& error, Overdue overdue);

}  // namespace parley::gateway
