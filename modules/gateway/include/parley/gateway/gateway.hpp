#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/auth/sessions.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/gateway/routes.hpp"
#include "parley/net/router.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::gateway {

/// What GET /gateway/targets shows of one target.
struct TargetState {
  RouteId route;        ///< empty: of the routes file
  std::string name;     ///< of the route
  std::string address;  ///< where the route stands on this server
  std::string url;
  bool healthy = true;
  std::string breaker;  ///< closed, open, half_open
  int active = 0;       ///< requests under way
};

/// Passes requests on to services of the user's own: what no other route of the server covers. Its
/// routes are those of a file, fixed at start, and those of organizations, kept in the database.
/// Any thread.
class Gateway {
 public:
  struct Parts {
    asio::any_io_executor executor;  ///< of health checks and reloading
    Clock& clock;
    Random& random;
    store::Database& database;
    auth::Sessions& sessions;
    WorkerPool& transforming;  ///< maps JSON bodies
    metrics::Registry& registry;
  };
  struct Options {
    std::vector<RouteSpec> file_routes;
    /// Of organizations' routes; those of the file may always reach private networks.
    Reach reach = Reach::public_only;
    std::vector<std::string> trusted_proxies;
    Duration reload = std::chrono::seconds(10);  ///< sees what other nodes changed
  };
  Gateway(Parts parts, Options options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// Takes the paths that no pattern covers, and the older names of the API.
  void mount(net::Router& router);
  /// Reads the routes, then checks targets and reloads in the background until stop().
  Task<void> start();
  asio::awaitable<void> stop();

  Reach reach() const noexcept;
  /// As Routes has them; in force on this node before they return.
  Task<Route> create(Context ctx, RouteSpec spec);
  Task<Route> replace(Context ctx, RouteId id, RouteSpec spec,
                      std::optional<std::int64_t> expected_version);
  Task<void> remove(Context ctx, RouteId id);
  Task<std::vector<Route>> list(Context ctx);
  Task<Route> get(Context ctx, RouteId id);
  /// Of the organization's routes; the file's are the operator's.
  std::vector<TargetState> targets(const OrganizationId& organization) const;
  /// Where an organization's route stands on this server.
  static std::string address_of(const Route& route);

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::gateway
