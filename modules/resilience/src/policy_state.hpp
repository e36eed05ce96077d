#pragma once
#include <memory>
#include <mutex>

#include "bulkhead.hpp"
#include "parley/resilience/breaker.hpp"
#include "policy_metrics.hpp"
#include "retry.hpp"

namespace parley::resilience {

/// All that the threads calling one service share.
struct Policy::State {
  struct Parts {
    Clock& clock;
    Random& random;
    metrics::Registry& registry;
    trace::Tracer& tracer;
  };
  State(Parts parts, std::string name, PolicyOptions given, std::unique_ptr<RateLimiter> limit)
      : service(std::move(name)),
        options(given),
        clock(parts.clock),
        random(parts.random),
        tracer(parts.tracer),
        shown(parts.registry, service),
        limiter(std::move(limit)),
        bulkhead(options.bulkhead),
        breaker(options.breaker),
        budget(options.retry) {}

  enum class Patience { wait, none };
  class Permit;

  /// Past breaker, bulkhead and rate limiter. Errors: unavailable, rate_limited.
  Task<std::unique_ptr<Permit>> admit(Context ctx, Patience patience);
  /// One attempt within its timeout; settles the permit.
  Task<void> attempt_once(Context ctx, const Operation& operation, const Attempt& attempt,
                          std::unique_ptr<Permit> permit);
  /// One attempt, and beside it a second one if it is slow.
  Task<void> attempt_hedged(Context ctx, const Operation& operation, const Attempt& attempt,
                            std::unique_ptr<Permit> permit);
  Task<void> call(Context ctx, const Operation& operation, const Attempt& attempt);

  /// Nothing when the call is given up.
  std::optional<Duration> plan_retry(int number, const Operation& operation, const Error& error,
                                     TimePoint deadline);
  void settle(Breaker::Ticket ticket, const Result<void>& outcome);
  void forget(Breaker::Ticket ticket);
  bool spend_for_hedge();
  std::unexpected<Error> refuse(const metrics::Counter& why, Error error);
  /// After whatever may have moved the breaker; under the lock.
  void show_breaker(BreakerState before);
  void show_load();

  const std::string service;
  const PolicyOptions options;
  Clock& clock;
  Random& random;
  trace::Tracer& tracer;
  const PolicyMetrics shown;
  const std::unique_ptr<RateLimiter> limiter;  ///< null: no limit
  Bulkhead bulkhead;

  mutable std::mutex mutex;  ///< for all below
  Breaker breaker;
  RetryBudget budget;
  PolicySnapshot::Totals totals;
  Error last_failure;
  WallTime last_failure_at;
};

/// A place in the bulkhead and a ticket of the breaker. An attempt that is cancelled gives both
/// back and counts for nothing.
class Policy::State::Permit {
 public:
  Permit(State& state, Breaker::Ticket ticket) : state_(state), ticket_(ticket) {}
  ~Permit() {
    if (!settled_) state_.forget(ticket_);
    state_.bulkhead.leave();
    state_.show_load();
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  void settle(const Result<void>& outcome) {
    settled_ = true;
    state_.settle(ticket_, outcome);
  }

 private:
  State& state_;
  Breaker::Ticket ticket_;
  bool settled_ = false;
};

}  // namespace parley::resilience
