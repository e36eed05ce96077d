#include "parley/net/router.hpp"

#include <array>
#include <stdexcept>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

constexpr std::size_t method_count = 7;
constexpr std::size_t max_segments = 64;

struct HttpRoute {
  HttpHandler handler;
  Router::Limits limits;
  std::vector<std::string> names;
};

struct WebSocketRoute {
  WebSocketHandler handler;
  WebSocketGate gate;  ///< instead of handler
  WebSocketLimits limits;
  std::vector<std::string> names;
};

/// What ends at a node.
struct Routes {
  std::array<std::optional<HttpRoute>, method_count> http;
  std::optional<WebSocketRoute> websocket;

  bool empty() const {
    for (auto& route : http)
      if (route) return false;
    return !websocket;
  }
};

/// "/a/b" and "/a/b/" are the same path: ["a", "b"].
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  while (!path.empty()) {
    auto segment = path.substr(0, path.find('/'));
    segments.push_back(segment);
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
  return segments;
}

using Values = std::vector<std::string_view>;

template <class Names>
auto named(const Names& names, const Values& values) {
  std::map<std::string, std::string, std::less<>> result;
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i)
    result.emplace(names[i], std::string(values[i]));
  return result;
}

}  // namespace

/// One segment's depth. Names belong to the route, not the node: "/calls/{id}" and
/// "/calls/{callId}/timeline" share the node of the parameter.
struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  Routes here;
  Routes rest;  ///< {name...}: everything below

  /// Visits the route sets that fit, most specific first, until `visit` returns true.
  template <class Visit>
  bool search(std::string_view path, std::span<const std::string_view> segments, Values& values,
              Visit& visit) const {
    if (segments.empty()) {
      if (!here.empty() && visit(here, values)) return true;
    } else {
      auto literal = literals.find(segments.front());
      if (literal != literals.end() &&
          literal->second->search(path, segments.subspan(1), values, visit))
        return true;
      if (parameter && !segments.front().empty()) {
        values.push_back(segments.front());
        if (parameter->search(path, segments.subspan(1), values, visit)) return true;
        values.pop_back();
      }
    }
    if (rest.empty()) return false;
    // The rest is the text from here to the end, with its own slashes.
    auto from = segments.empty() ? path.size()
                                 : static_cast<std::size_t>(segments.front().data() - path.data());
    values.push_back(path.substr(from));
    if (visit(rest, values)) return true;
    values.pop_back();
    return false;
  }
};

namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
}

[[noreturn]] void bad_pattern(std::string_view pattern, std::string_view why) {
  throw std::logic_error("route " + std::string(pattern) + ": " + std::string(why));
}

/// Walks to the pattern's route set, making nodes; a wrong pattern is a bug of the caller.
template <class Node>
Routes& place(Node& root, std::string_view pattern, std::vector<std::string>& names) {
  if (pattern.empty() || pattern.front() != '/') bad_pattern(pattern, "must start with /");
  auto segments = segments_of(pattern);
  if (segments.size() > max_segments) bad_pattern(pattern, "has too many segments");
  Node* node = &root;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    auto segment = segments[i];
    if (!is_parameter(segment)) {
      if (segment.empty() || segment.find_first_of("{}") != std::string_view::npos)
        bad_pattern(pattern, "has a malformed segment");
      auto& next = node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
      continue;
    }
    auto name = segment.substr(1, segment.size() - 2);
    bool takes_rest = name.ends_with("...");
    if (takes_rest) name.remove_suffix(3);
    if (name.empty() || std::ranges::find(names, name) != names.end())
      bad_pattern(pattern, "has an empty or repeated name");
    names.emplace_back(name);
    if (takes_rest) {
      if (i + 1 != segments.size()) bad_pattern(pattern, "{name...} must be last");
      return node->rest;
    }
    if (!node->parameter) node->parameter = std::make_unique<Node>();
    node = node->parameter.get();
  }
  return node->here;
}

void add_allowed(std::array<bool, method_count>& allowed, const Routes& routes) {
  for (std::size_t i = 0; i < method_count; ++i)
    if (routes.http[i]) allowed[i] = true;
  if (allowed[static_cast<std::size_t>(Method::get)])
    allowed[static_cast<std::size_t>(Method::head)] = true;
}

}  // namespace

struct Router::Otherwise {
  HttpHandler http;
  Limits limits;
  WebSocketGate gate;
  WebSocketLimits gate_limits;
};

Router::Router() : root_(std::make_unique<Node>()), otherwise_(std::make_unique<Otherwise>()) {}
Router::~Router() = default;

void Router::add(Method method, std::string pattern, HttpHandler handler, Limits limits) {
  HttpRoute route{std::move(handler), limits, {}};
  auto& slot = place(*root_, pattern, route.names).http[static_cast<std::size_t>(method)];
  if (slot) bad_pattern(pattern, "is registered twice for " + std::string(to_string(method)));
  slot = std::move(route);
}

void Router::add_websocket(std::string pattern, WebSocketHandler handler, WebSocketLimits limits) {
  WebSocketRoute route{std::move(handler), {}, limits, {}};
  auto& slot = place(*root_, pattern, route.names).websocket;
  if (slot) bad_pattern(pattern, "is registered twice as a WebSocket");
  slot = std::move(route);
}

void Router::add_websocket_gate(std::string pattern, WebSocketGate gate, WebSocketLimits limits) {
  WebSocketRoute route{{}, std::move(gate), limits, {}};
  auto& slot = place(*root_, pattern, route.names).websocket;
  if (slot) bad_pattern(pattern, "is registered twice as a WebSocket");
  slot = std::move(route);
}

void Router::otherwise(HttpHandler handler, Limits limits) {
  otherwise_->http = std::move(handler);
  otherwise_->limits = limits;
}

void Router::otherwise_websocket(WebSocketGate gate, WebSocketLimits limits) {
  otherwise_->gate = std::move(gate);
  otherwise_->gate_limits = limits;
}

bool Router::is_otherwise(const HttpMatch& match) const noexcept {
  return match.handler == &otherwise_->http;
}

std::optional<Router::GateMatch> Router::match_gate(std::string_view path) const {
  if (!otherwise_->gate) return std::nullopt;
  auto http = match(Method::get, path);
  auto* found = std::get_if<HttpMatch>(&http);
  bool is_ours = std::holds_alternative<WrongMethod>(http) || (found && !is_otherwise(*found));
  if (is_ours) return std::nullopt;
  return GateMatch{&otherwise_->gate, otherwise_->gate_limits};
}

std::variant<Router::HttpMatch, Router::WrongMethod, Router::NoRoute> Router::match(
    Method method, std::string_view path) const {
  auto segments = segments_of(path);
  if (segments.size() > max_segments) return NoRoute{};
  std::optional<HttpMatch> found;
  std::array<bool, method_count> allowed{};
  auto visit = [&](const Routes& routes, const Values& values) {
    auto* route = &routes.http[static_cast<std::size_t>(method)];
    if (!*route && method == Method::head)
      route = &routes.http[static_cast<std::size_t>(Method::get)];
    add_allowed(allowed, routes);
    if (!*route) return false;
    found = HttpMatch{&(*route)->handler, (*route)->limits, named((*route)->names, values)};
    return true;
  };
  Values values;
  root_->search(path, segments, values, visit);
  if (found) return std::move(*found);
  WrongMethod wrong;
  for (std::size_t i = 0; i < method_count; ++i) {
    if (!allowed[i]) continue;
    if (!wrong.allow.empty()) wrong.allow += ", ";
    wrong.allow += to_string(static_cast<Method>(i));
  }
  if (!wrong.allow.empty()) return wrong;
  if (otherwise_->http) return HttpMatch{&otherwise_->http, otherwise_->limits, {}};
  return NoRoute{};
}

std::optional<Router::WebSocketMatch> Router::match_websocket(std::string_view path) const {
  auto segments = segments_of(path);
  if (segments.size() > max_segments) return std::nullopt;
  std::optional<WebSocketMatch> found;
  auto visit = [&](const Routes& routes, const Values& values) {
    if (!routes.websocket) return false;
    auto& route = *routes.websocket;
    found =
        WebSocketMatch{route.handler ? &route.handler : nullptr, route.gate ? &route.gate : nullptr,
                       route.limits, named(route.names, values)};
    return true;
  };
  Values values;
  root_->search(path, segments, values, visit);
  return found;
}

}  // namespace parley::net
