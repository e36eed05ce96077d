#pragma once
#include "api_fixture.hpp"

namespace parley::api::testing {

/// What can be asked of any route of the table, made from its declaration.
class EveryRoute : public ApiTest {
 public:
  /// The one thing of the first organization that the route's {id} can mean.
  std::string id_for(const Route& route) const;
  /// A request that is right in every way, about things of the first organization, by nobody yet.
  Ask right_request(const Route& route);
  static bool is_open(const Route& route) { return route.access == Access::anyone; }
  static bool writes(const Route& route) { return route.method != net::Method::get; }
};

}  // namespace parley::api::testing
