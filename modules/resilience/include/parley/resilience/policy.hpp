#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/race.hpp"
#include "parley/base/random.hpp"
#include "parley/resilience/options.hpp"
#include "parley/resilience/rate_limiter.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"

namespace parley::resilience {

/// Whether the same call may reach the service twice: a read, or an effect that carries an
/// idempotency key which the service honours.
enum class Repeat { unsafe, safe };

/// What a caller says about one call.
struct Operation {
  std::string name;  ///< of a small fixed set ("messages.create"): span and log
  Repeat repeat = Repeat::unsafe;
};

enum class BreakerState { closed, open, half_open };
std::string_view to_string(BreakerState state) noexcept;

/// What a policy looks like now, and what it did since it was made.
struct PolicySnapshot {
  std::string service;
  BreakerState breaker = BreakerState::closed;
  Duration until_trial{};  ///< open: how long until it lets a call through
  int window_calls = 0;
  int window_failures = 0;
  int running = 0;
  int waiting = 0;
  double retry_budget = 0;  ///< retries that could be made at once
  struct Totals {
    std::int64_t succeeded = 0;
    std::int64_t caller_errors = 0;  ///< the service answered, and it was our fault
    std::int64_t failed = 0;         ///< after all attempts
    std::int64_t refused = 0;        ///< not tried: open, full, too often
    std::int64_t retries = 0;
    std::int64_t hedges = 0;
    std::int64_t fallbacks = 0;
  } totals;
  Error last_failure;  ///< of the service; an empty detail: none yet
  WallTime last_failure_at;
};

/// The one way to a service outside: a total deadline around attempts, each of which passes circuit
/// breaker, bulkhead and rate limiter and has a timeout of its own.
///
///   auto sent = co_await policy.run(ctx, {"messages.create"}, [&](Context ctx) -> Task<Sent> {
///     co_return co_await twilio.create(ctx, message);
///   });
///
/// Errors of the call:
/// - timeout, unavailable, rate_limited: nothing happened, so they are retried;
/// - outcome_unknown, corrupt: retried only when the operation is safe to repeat;
/// - invalid, not_found, conflict, forbidden and the like: the caller's; neither retried nor
///   counted against the service;
/// - an attempt that was cut off is outcome_unknown, or timeout when it is safe to repeat.
/// Errors of the policy itself, nothing having been tried: unavailable (the breaker is open, with
/// `retry_after`), rate_limited (no turn in time).
///
/// The call may run several times, hedged ones at once, each time with a shorter Context. It lives
/// until run() returns; cancellation passes through, counts for nothing and frees what was taken.
/// Shared by all threads; a call stays on the executor of its coroutine.
class Policy {
 public:
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;
  ~Policy();

  template <class Call>
  auto run(Context ctx, Operation operation, Call call) -> std::invoke_result_t<Call&, Context> {
    using Value = typename std::invoke_result_t<Call&, Context>::value_type::value_type;
    std::optional<detail::Held<Value>> kept;
    // Named, so that it lives in this frame for as long as its coroutines run.
    Attempt attempt = [&](Context limited) -> Task<void> {
      auto work = call(std::move(limited));
      auto outcome = co_await std::move(work);
      if (!outcome) co_return std::unexpected(std::move(outcome.error()));
      // Of two hedged attempts the first success counts.
      if constexpr (!std::is_void_v<Value>)
        if (!kept) kept.emplace(std::move(*outcome));
      co_return Result<void>{};
    };
    auto working = execute(std::move(ctx), std::move(operation), attempt);
    auto done = co_await std::move(working);
    if (!done) co_return std::unexpected(std::move(done.error()));
    if constexpr (std::is_void_v<Value>) {
      co_return Result<void>{};
    } else {
      co_return std::move(*kept);
    }
  }

  /// The same with a second way, `fallback(Context, Error)`, taken when the service failed or was
  /// not even tried. Not after an outcome_unknown of an operation that must not be repeated (both
  /// might take effect), nor after the caller's own errors.
  template <class Call, class Fallback>
  auto run(Context ctx, Operation operation, Call call, Fallback fallback)
      -> std::invoke_result_t<Call&, Context> {
    auto repeat = operation.repeat;
    auto first = run(ctx, std::move(operation), std::move(call));
    auto outcome = co_await std::move(first);
    if (outcome || !may_fall_back(outcome.error(), repeat)) co_return outcome;
    auto second = fallback(std::move(ctx), std::move(outcome.error()));
    co_return co_await std::move(second);
  }

  const std::string& service() const noexcept;
  PolicySnapshot snapshot() const;
  /// Closed, with an empty window, a full budget and full buckets. Running calls go on.
  void reset();

 private:
  friend class Policies;
  struct State;
  using Attempt = std::function<Task<void>(Context)>;
  explicit Policy(std::unique_ptr<State> state);
  Task<void> execute(Context ctx, Operation operation, const Attempt& attempt);
  bool may_fall_back(const Error& error, Repeat repeat);
  std::unique_ptr<State> state_;
};

/// All policies of a program, one for each service, made by wiring and handed out by reference.
/// Their state is in parley_resilience_* metrics, labelled with the service.
class Policies {
 public:
  /// All of them outlive the policies.
  Policies(Clock& clock, Random& random, metrics::Registry& registry, trace::Tracer& tracer);
  ~Policies();

  /// `limiter` replaces the local token bucket of options.rate. Throws std::logic_error when the
  /// name is taken or the options make no sense. The policy stays where it is.
  Policy& add(std::string service, PolicyOptions options,
              std::unique_ptr<RateLimiter> limiter = nullptr);
  /// In order of name.
  std::vector<PolicySnapshot> snapshots() const;
  /// Errors: not_found, naming the nearest service.
  Result<void> reset(std::string_view service);

 private:
  Clock& clock_;
  Random& random_;
  metrics::Registry& registry_;
  trace::Tracer& tracer_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Policy>, std::less<>> policies_;
};

}  // namespace parley::resilience
