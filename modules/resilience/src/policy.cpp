#include "parley/resilience/policy.hpp"

#include <stdexcept>

#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"
#include "policy_state.hpp"

namespace parley::resilience {

Policy::Policy(std::unique_ptr<State> state) : state_(std::move(state)) {}
Policy::~Policy() = default;

const std::string& Policy::service() const noexcept { return state_->service; }

Task<void> Policy::execute(Context ctx, Operation operation, const Attempt& attempt) {
  auto& s = *state_;
  auto began = s.clock.now();
  auto limited = ctx.until(began + s.options.total_timeout);
  auto calling = s.call(std::move(limited), operation, attempt);
  auto outcome = co_await std::move(calling);
  std::lock_guard lock(s.mutex);
  if (outcome) {
    ++s.totals.succeeded;
    s.shown.succeeded.add();
  } else if (is_callers_error(outcome.error().code)) {
    ++s.totals.caller_errors;
    s.shown.caller_errors.add();
  }
  co_return outcome;
}

Task<void> Policy::State::call(Context ctx, const Operation& operation, const Attempt& attempt) {
  {
    std::lock_guard lock(mutex);
    budget.earn();
  }
  std::optional<Error> last;
  for (int number = 1;; ++number) {
    auto admitting = admit(ctx, Patience::wait);
    auto permit = co_await std::move(admitting);
    // What the service said says more than that it was not asked again.
    if (!permit && last) break;
    if (!permit) co_return std::unexpected(std::move(permit.error()));
    auto trying = attempt_hedged(ctx, operation, attempt, std::move(*permit));
    auto outcome = co_await std::move(trying);
    if (outcome || is_callers_error(outcome.error().code)) co_return outcome;
    last = std::move(outcome.error());
    auto pause = plan_retry(number, operation, *last, ctx.deadline);
    if (!pause) break;
    auto waiting = clock.sleep_for(*pause);
    co_await std::move(waiting);
  }
  shown.failed.add();
  std::lock_guard lock(mutex);
  ++totals.failed;
  co_return std::unexpected(std::move(*last));
}

std::optional<Duration> Policy::State::plan_retry(int number, const Operation& operation,
                                                  const Error& error, TimePoint deadline) {
  if (number >= options.retry.attempts || !may_retry(error.code, operation.repeat) ||
      error.retry_after > options.retry.longest_retry_after)
    return std::nullopt;
  auto pause = pause_before(number, options.retry, error, random);
  if (clock.now() + pause >= deadline) return std::nullopt;
  std::lock_guard lock(mutex);
  if (!budget.spend()) {
    shown.budget_empty.add();
    return std::nullopt;
  }
  shown.retries.add();
  ++totals.retries;
  return pause;
}

bool Policy::State::spend_for_hedge() {
  std::lock_guard lock(mutex);
  if (!budget.spend()) return false;
  shown.hedges.add();
  ++totals.hedges;
  return true;
}

void Policy::State::settle(Breaker::Ticket ticket, const Result<void>& outcome) {
  auto now = clock.now();
  std::lock_guard lock(mutex);
  auto before = breaker.state();
  if (outcome || is_callers_error(outcome.error().code)) {
    breaker.succeeded(ticket, now);
  } else {
    breaker.failed(ticket, now);
    last_failure = outcome.error();
    last_failure_at = clock.wall();
  }
  show_breaker(before);
}

void Policy::State::forget(Breaker::Ticket ticket) {
  std::lock_guard lock(mutex);
  breaker.forgotten(ticket);
}

void Policy::State::show_breaker(BreakerState before) {
  auto state = breaker.state();
  if (state == before) return;
  shown.breaker.set(static_cast<double>(state));
  if (state == BreakerState::open) {
    shown.opened.add();
    log::warn("resilience.breaker_opened", {{"service", service},
                                            {"code", to_string(last_failure.code)},
                                            {"reason", last_failure.detail}});
  } else {
    log::info("resilience.breaker_moved", {{"service", service}, {"state", to_string(state)}});
  }
}

bool Policy::may_fall_back(const Error& error, Repeat repeat) {
  if (is_callers_error(error.code) || !nothing_happened(error.code, repeat)) return false;
  state_->shown.fallbacks.add();
  std::lock_guard lock(state_->mutex);
  ++state_->totals.fallbacks;
  return true;
}

PolicySnapshot Policy::snapshot() const {
  auto load = state_->bulkhead.load();
  auto now = state_->clock.now();
  std::lock_guard lock(state_->mutex);
  PolicySnapshot shot;
  shot.service = state_->service;
  shot.breaker = state_->breaker.state();
  shot.until_trial = state_->breaker.until_trial(now);
  auto window = state_->breaker.window(now);
  shot.window_calls = window.calls;
  shot.window_failures = window.failures;
  shot.running = load.running;
  shot.waiting = load.waiting;
  shot.retry_budget = state_->budget.saved();
  shot.totals = state_->totals;
  shot.last_failure = state_->last_failure;
  shot.last_failure_at = state_->last_failure_at;
  return shot;
}

void Policy::reset() {
  if (state_->limiter) state_->limiter->reset();
  std::lock_guard lock(state_->mutex);
  auto before = state_->breaker.state();
  state_->breaker.reset();
  state_->budget.reset();
  state_->show_breaker(before);
}

Policies::Policies(Clock& clock, Random& random, metrics::Registry& registry, trace::Tracer& tracer)
    : clock_(clock), random_(random), registry_(registry), tracer_(tracer) {}
Policies::~Policies() = default;

Policy& Policies::add(std::string service, PolicyOptions options,
                      std::unique_ptr<RateLimiter> limiter) {
  if (auto good = check(options); !good)
    throw std::logic_error("policy " + service + ": " + good.error().detail);
  if (!limiter && options.rate.per_minute > 0)
    limiter = std::make_unique<TokenBucket>(clock_, options.rate.per_minute, options.rate.burst);
  std::lock_guard lock(mutex_);
  if (policies_.contains(service)) throw std::logic_error("two policies for " + service);
  Policy::State::Parts parts{clock_, random_, registry_, tracer_};
  auto state = std::make_unique<Policy::State>(parts, service, options, std::move(limiter));
  std::unique_ptr<Policy> policy(new Policy(std::move(state)));
  return *policies_.emplace(std::move(service), std::move(policy)).first->second;
}

std::vector<PolicySnapshot> Policies::snapshots() const {
  std::lock_guard lock(mutex_);
  std::vector<PolicySnapshot> all;
  for (const auto& [service, policy] : policies_) all.push_back(policy->snapshot());
  return all;
}

Result<void> Policies::reset(std::string_view service) {
  std::lock_guard lock(mutex_);
  if (auto found = policies_.find(service); found != policies_.end()) {
    found->second->reset();
    return {};
  }
  std::vector<std::string> known;
  for (const auto& [name, policy] : policies_) known.push_back(name);
  auto message = "no policy for the service '" + std::string(service) + "'";
  if (auto close = nearest(service, known)) message += "; did you mean '" + *close + "'?";
  return fail(Errc::not_found, std::move(message));
}

}  // namespace parley::resilience
