#include "routing_table.hpp"

#include <algorithm>

#include "forwarding.hpp"
#include "parley/base/strings.hpp"

namespace parley::gateway {

namespace {

constexpr std::array all_methods{net::Method::get,    net::Method::head,  net::Method::post,
                                 net::Method::put,    net::Method::patch, net::Method::delete_,
                                 net::Method::options};

bool allows(const RouteSpec& spec, net::Method method) {
  if (spec.methods.empty()) return true;
  bool named = std::ranges::find(spec.methods, method) != spec.methods.end();
  return named || (method == net::Method::head &&
                   std::ranges::find(spec.methods, net::Method::get) != spec.methods.end());
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

struct RoutingTable::Search {
  net::Method method;
  std::shared_ptr<LiveRoute> found;
  std::vector<net::Method> allowed;
};

RoutingTable::RoutingTable(std::vector<std::shared_ptr<LiveRoute>> routes)
    : routes_(std::move(routes)) {
  for (auto& route : routes_) {
    if (!route->spec().enabled) continue;
    auto* node = &root_;
    for (auto segment : path_segments(route->address())) {
      auto& next = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
    node->here.push_back(route);
  }
}

bool RoutingTable::look(const Node& node, std::span<const std::string_view> left, Search& search) {
  if (!left.empty()) {
    auto literal = node.literals.find(left.front());
    if (literal != node.literals.end() && look(*literal->second, left.subspan(1), search))
      return true;
    if (node.parameter && !left.front().empty() && look(*node.parameter, left.subspan(1), search))
      return true;
  }
  for (auto& route : node.here) {
    if (route->spec().match == RouteSpec::Match::exact && !left.empty()) continue;
    if (allows(route->spec(), search.method)) {
      search.found = route;
      return true;
    }
    for (auto method : all_methods)
      if (allows(route->spec(), method)) search.allowed.push_back(method);
  }
  return false;
}

RoutingTable::Found RoutingTable::find(net::Method method, std::string_view path) const {
  auto segments = path_segments(path);
  Search search{method, nullptr, {}};
  if (segments.size() <= 64 && look(root_, segments, search)) return search.found;
  if (search.allowed.empty()) return NoRoute{};
  WrongMethod wrong;
  for (auto allowed : all_methods) {
    if (std::ranges::find(search.allowed, allowed) == search.allowed.end()) continue;
    if (!wrong.allow.empty()) wrong.allow += ", ";
    wrong.allow += to_string(allowed);
  }
  return wrong;
}

bool collide(const RouteSpec& one, const RouteSpec& other) {
  auto here = path_segments(one.path);
  auto there = path_segments(other.path);
  auto same = [](std::string_view a, std::string_view b) {
    return a == b || (is_parameter(a) && is_parameter(b));
  };
  if (one.match != other.match || !std::ranges::equal(here, there, same)) return false;
  return std::ranges::any_of(
      all_methods, [&](auto method) { return allows(one, method) && allows(other, method); });
}

}  // namespace parley::gateway
