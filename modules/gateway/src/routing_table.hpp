#pragma once
#include <map>
#include <variant>

#include "live_route.hpp"

namespace parley::gateway {

/// Finds the route of a request: the deepest path wins, a literal segment before a {name}. Built
/// whole, then only read; replaced as a whole when routes change.
class RoutingTable {
 public:
  explicit RoutingTable(std::vector<std::shared_ptr<LiveRoute>> routes);

  struct WrongMethod {
    std::string allow;
  };
  struct NoRoute {};
  using Found = std::variant<std::shared_ptr<LiveRoute>, WrongMethod, NoRoute>;
  Found find(net::Method method, std::string_view path) const;
  const std::vector<std::shared_ptr<LiveRoute>>& routes() const noexcept { return routes_; }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;
    std::vector<std::shared_ptr<LiveRoute>> here;
  };
  struct Search;
  static bool look(const Node& node, std::span<const std::string_view> left, Search& search);

  std::vector<std::shared_ptr<LiveRoute>> routes_;
  Node root_;
};

/// Whether two routes of one owner stand at the same place for the same method.
bool collide(const RouteSpec& one, const RouteSpec& other);

}  // namespace parley::gateway
