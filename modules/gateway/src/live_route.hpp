#pragma once
#include <span>

#include "client_limits.hpp"
#include "parley/gateway/routes.hpp"
#include "target.hpp"

namespace parley::gateway {

/// A route in service: its targets with their state, its clients' buckets, its figures. Shared by
/// all threads; it stays while requests run that it began.
class LiveRoute {
 public:
  struct Origin {
    RouteId id;                   ///< empty: of the routes file
    OrganizationId organization;  ///< empty: everybody's
    std::int64_t version = 0;
    Reach reach = Reach::any;
  };
  LiveRoute(Clock& clock, metrics::Registry& registry, RouteSpec spec, Origin origin);

  const RouteSpec& spec() const noexcept { return spec_; }
  const Origin& origin() const noexcept { return origin_; }
  /// Where it stands: the path of a file's route as it is, an organization's under its own name.
  const std::string& address() const noexcept { return address_; }
  /// How many segments in front of the route's own path are the gateway's.
  std::size_t base_segments() const noexcept { return origin_.organization.empty() ? 0 : 2; }
  std::span<const std::shared_ptr<Target>> targets() const noexcept { return targets_; }
  ClientLimits* limits() noexcept { return limits_.get(); }

  /// A place at a healthy target by the route's balancing, one not in `tried` if there is one.
  /// Errors: unavailable with `retry_after`.
  Result<std::unique_ptr<Target::Place>> choose(std::span<Target* const> tried);

  void count(int status) const;
  void observe(Duration took) const { seconds_.observe(took); }
  void count_retry() const { retries_.add(); }

 private:
  std::shared_ptr<Target> best(std::span<Target* const> avoid);

  RouteSpec spec_;
  Origin origin_;
  std::string address_;
  std::vector<std::shared_ptr<Target>> targets_;
  std::unique_ptr<ClientLimits> limits_;
  std::mutex mutex_;
  std::vector<int> turns_;  ///< of the weighted round robin, beside targets_
  std::vector<metrics::Counter> requests_;
  metrics::Histogram seconds_;
  metrics::Counter retries_;
};

}  // namespace parley::gateway
