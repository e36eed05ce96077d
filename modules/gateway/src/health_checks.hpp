#pragma once
#include <map>
#include <mutex>
#include <span>

#include "live_route.hpp"
#include "parley/base/task_group.hpp"

namespace parley::gateway {

/// Asks each target of a route with a health check for its path, one question a target at a time.
/// 2xx and 3xx in time is well.
class HealthChecks {
 public:
  HealthChecks(Clock& clock, asio::any_io_executor executor);

  /// Starts what is due; closes connections that were kept too long. Not from two threads at once.
  void begin_due(std::span<const std::shared_ptr<LiveRoute>> routes);
  asio::awaitable<void> stop();

 private:
  asio::awaitable<void> check(std::shared_ptr<LiveRoute> route, std::shared_ptr<Target> target);

  Clock& clock_;
  /// When each is due again; held weakly, and forgotten when the target is gone.
  std::map<std::weak_ptr<Target>, TimePoint, std::owner_less<>> due_;
  TaskGroup tasks_;
};

}  // namespace parley::gateway
