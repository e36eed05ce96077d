#pragma once
#include <vector>

#include "parley/gateway/route_spec.hpp"
#include "parley/store/database.hpp"

namespace parley::gateway {

using RouteId = Id<"gwr">;

/// A route of an organization, as the database keeps it.
struct Route {
  RouteId id;
  OrganizationId organization;
  RouteSpec spec;
  std::int64_t version = 0;
  WallTime created;
  WallTime updated;
};

/// Table gateway_routes. What it changes reaches the gateways of all nodes by their reload.
class Routes {
 public:
  static constexpr std::int64_t max_routes = 100;  ///< of an organization

  Routes(Clock& clock, Random& random, store::Database& database)
      : clock_(clock), random_(random), database_(database) {}

  /// Errors: conflict (too many; one stands at the same path for the same method).
  Task<Route> create(Context ctx, RouteSpec spec);
  Task<std::vector<Route>> list(Context ctx);  ///< the oldest first
  /// Errors: not_found.
  Task<Route> get(Context ctx, RouteId id);
  /// Errors: not_found, conflict (as create(); another version than expected).
  Task<Route> replace(Context ctx, RouteId id, RouteSpec spec,
                      std::optional<std::int64_t> expected_version);
  /// Errors: not_found.
  Task<void> remove(Context ctx, RouteId id);
  /// Of all organizations: what a gateway serves. Rows that no longer make sense are left out.
  Task<std::vector<Route>> all(Context ctx);

 private:
  Clock& clock_;
  Random& random_;
  store::Database& database_;
};

}  // namespace parley::gateway
