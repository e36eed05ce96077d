#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/gateway/route_spec.hpp"

namespace parley::gateway {

/// Segments of a path: "/a/b/" and "/a/b" are ["a", "b"].
std::vector<std::string_view> path_segments(std::string_view path);

/// What is wrong with a route's path, a rewrite, a header; empty: nothing.
std::optional<std::string> check_pattern(std::string_view path);
std::optional<std::string> check_rewrite(std::string_view rewrite, std::string_view path);
std::optional<std::string> problem_of_header(std::string_view name, std::string_view value);
bool is_plain_path(std::string_view path);
/// A path that is the server's own, which no route of a file may stand at.
std::optional<std::string> problem_of_place(const RouteSpec& spec);

/// The target's path and query for a request: `raw_target` is the request's, percent-encoding
/// untouched, of which the first `base_segments` are the gateway's own.
struct RewriteInput {
  std::string_view raw_target;
  std::size_t base_segments = 0;
  std::string_view target_path;  ///< of the target's URL
};
std::string rewritten(const RouteSpec& spec, const RewriteInput& input);

/// Fields that concern one connection only (RFC 9110, 7.6.1), and those that Connection names.
bool is_hop_by_hop(std::string_view name);
net::Headers end_to_end(const net::Headers& headers);

struct ForwardedBy {
  std::string client_chain;  ///< X-Forwarded-For as sent on
  std::string organization;  ///< of who asks, when somebody known does
  std::string principal;
};
/// What the target is sent.
net::Headers request_headers(const RouteSpec& spec, const net::HttpRequest& request,
                             const ForwardedBy& by);
/// What the client is sent.
net::Headers response_headers(const RouteSpec& spec, const net::Headers& from_target);

/// The nearest address that is no trusted proxy, and the chain that is passed on.
struct Client {
  std::string address;
  std::string chain;
};
Client client_of(const net::HttpRequest& request, std::span<const std::string> trusted_proxies);

}  // namespace parley::gateway
