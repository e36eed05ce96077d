#pragma once
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "parley/base/json.hpp"
#include "parley/net/http.hpp"
#include "parley/transform/mapping.hpp"

namespace parley::gateway {

struct TargetSpec {
  std::string url;  ///< http:// or https://; its path stands before the request's
  int weight = 1;   ///< 1 to 100: this share of the requests
};

struct HeaderRules {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> remove;
};

struct HealthCheckSpec {
  std::string path = "/";
  Duration interval = 10s;
  Duration timeout = 2s;
};

struct RateSpec {
  int per_minute = 0;
  int burst = 1;
};

/// What a route does, checked. README.md explains each member in its JSON form.
struct RouteSpec {
  std::string name;
  std::string path;  ///< "/shop/{id}"
  enum class Match { prefix, exact } match = Match::prefix;
  std::vector<net::Method> methods;  ///< empty: all
  bool strip_prefix = false;
  std::string rewrite;  ///< "/v2/{id}/{rest}"; empty: none
  std::vector<TargetSpec> targets;
  enum class Balancing { round_robin, least_connections } balancing = Balancing::round_robin;
  std::optional<HealthCheckSpec> health_check;
  enum class Access { bearer, anyone } access = Access::bearer;
  std::string permission = "gateway:use";
  std::optional<RateSpec> rate;
  Duration timeout = 30s;  ///< until the answer begins, retries included; then between its pieces
  int retries = 1;         ///< of what may be repeated, before anything reached the client
  std::size_t max_body_bytes = 10u << 20;
  HeaderRules request_headers;
  HeaderRules response_headers;
  std::optional<transform::Mapping> request_mapping;
  std::optional<transform::Mapping> response_mapping;
  bool websocket = true;  ///< handshakes are passed on
  bool enabled = true;
  json::object source;  ///< as it was written: stored and shown
};

/// Whose targets may be on private networks: see README.md, "Private addresses".
enum class Reach { any, public_only };

/// Reads and checks a route; every fault at once, by field.
std::expected<RouteSpec, std::vector<FieldProblem>> parse_route(const json::value& value,
                                                                Reach reach);

/// The routes of a configuration file: {"routes": [...]}. Errors: invalid, with every fault and its
/// place.
Result<std::vector<RouteSpec>> parse_route_file(std::string_view text);

}  // namespace parley::gateway
