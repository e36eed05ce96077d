#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "parley/gateway/route_spec.hpp"
#include "parley/net/upstream.hpp"
#include "parley/resilience/breaker.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::gateway {

struct TargetMetrics {
  metrics::Counter failures;
  metrics::Counter cut_bodies;
  metrics::Gauge up;
};

/// One address that a route's requests go to: its connections, breaker and health. Thread-safe.
class Target {
 public:
  /// Errors: invalid (url).
  static Result<std::shared_ptr<Target>> make(Clock& clock, TargetSpec spec, Reach reach,
                                              TargetMetrics shown);

  const TargetSpec& spec() const noexcept { return spec_; }
  const std::string& path() const noexcept { return path_; }
  net::Upstream& upstream() noexcept { return *upstream_; }
  Reach reach() const noexcept { return reach_; }
  int active() const noexcept { return active_; }
  bool healthy() const noexcept { return healthy_; }
  resilience::BreakerState breaker() const;

  /// Two failed checks in a row make it unhealthy, one good one healthy again. True when that
  /// changed.
  bool note_check(bool passed);
  /// Empty: it may be tried now; else for how long it may not, at least.
  std::optional<Duration> shut_for() const;

  /// One request's place at a target, from its choice to the end of its answer. What ends without a
  /// word of success or failure (the client left) says nothing about the target.
  class Place {
   public:
    Place(std::shared_ptr<Target> target, resilience::Breaker::Ticket ticket);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    Target& target() noexcept { return *target_; }
    void succeeded();
    void failed();
    /// It closed, or fell silent, in the middle of a body.
    void cut_body();

   private:
    std::shared_ptr<Target> target_;
    resilience::Breaker::Ticket ticket_;
    bool settled_ = false;
  };
  /// Null when the breaker does not let anything through.
  static std::unique_ptr<Place> enter(const std::shared_ptr<Target>& target);

 private:
  Target(Clock& clock, TargetSpec spec, Reach reach, TargetMetrics shown);

  Clock& clock_;
  TargetSpec spec_;
  std::string path_;
  Reach reach_;
  TargetMetrics shown_;
  std::shared_ptr<net::Upstream> upstream_;
  std::atomic<int> active_{0};
  std::atomic<bool> healthy_{true};
  mutable std::mutex mutex_;
  resilience::Breaker breaker_;
  int failed_checks_ = 0;
};

}  // namespace parley::gateway
