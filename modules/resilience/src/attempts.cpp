// How one attempt gets its turn and is made: admission, timeout, hedging.
#include <boost/system/system_error.hpp>

#include "parley/telemetry/log.hpp"
#include "policy_state.hpp"

namespace parley::resilience {

namespace {

/// Gives the place back unless a permit took it over.
class Place {
 public:
  explicit Place(Bulkhead& bulkhead) : bulkhead_(&bulkhead) {}
  ~Place() {
    if (bulkhead_) bulkhead_->leave();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  void hand_over() { bulkhead_ = nullptr; }

 private:
  Bulkhead* bulkhead_;
};

TimePoint later(TimePoint from, Duration by) {
  return from > TimePoint::max() - by ? TimePoint::max() : from + by;
}

}  // namespace

std::unexpected<Error> Policy::State::refuse(const metrics::Counter& why, Error error) {
  why.add();
  std::lock_guard lock(mutex);
  ++totals.refused;
  return std::unexpected(std::move(error));
}

void Policy::State::show_load() {
  auto load = bulkhead.load();
  shown.running.set(load.running);
  shown.waiting.set(load.waiting);
}

Task<std::unique_ptr<Policy::State::Permit>> Policy::State::admit(Context ctx, Patience patience) {
  auto open = [this](Duration left) {
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(left);
    return Error{Errc::unavailable, service + ": not tried, it failed too often lately", ms};
  };
  auto began = clock.now();
  {
    std::unique_lock lock(mutex);
    auto shut = breaker.shut_for(began);
    lock.unlock();
    if (shut) co_return refuse(shown.refused_open, open(*shut));
  }
  auto until = patience == Patience::none
                   ? began
                   : std::min(ctx.deadline, later(began, options.bulkhead.longest_wait));
  if (!bulkhead.try_enter()) {
    Error full{Errc::rate_limited, service + ": too many calls at once"};
    if (patience == Patience::none) co_return refuse(shown.refused_full, std::move(full));
    shown.waiting.add();
    auto entering = bulkhead.enter(clock, until);
    bool entered = co_await std::move(entering);
    show_load();
    if (!entered) co_return refuse(shown.refused_full, std::move(full));
  }
  Place place(bulkhead);
  while (limiter) {
    auto taking = limiter->take(ctx);
    auto taken = co_await std::move(taking);
    if (taken || taken.error().code != Errc::rate_limited) break;
    auto when = clock.now() + std::max(taken.error().retry_after, std::chrono::milliseconds(1));
    if (when > until) {
      taken.error().detail = service + ": called too often";
      co_return refuse(shown.refused_rate, std::move(taken.error()));
    }
    auto pause = clock.sleep_until(when);
    co_await std::move(pause);
  }
  std::unique_lock lock(mutex);
  auto before = breaker.state();
  auto ticket = breaker.admit(clock.now());
  show_breaker(before);
  lock.unlock();
  if (!ticket) co_return refuse(shown.refused_open, open(ticket.error()));
  place.hand_over();
  auto permit = std::make_unique<Permit>(*this, *ticket);
  show_load();
  co_return permit;
}

Task<void> Policy::State::attempt_once(Context ctx, const Operation& operation,
                                       const Attempt& attempt, std::unique_ptr<Permit> permit) {
  auto began = clock.now();
  auto deadline = std::min(ctx.deadline, later(began, options.attempt_timeout));
  auto span = tracer.start(service + "." + operation.name, ctx, trace::SpanKind::client);
  Result<void> outcome;
  try {
    auto work = attempt(span.context().until(deadline));
    auto cut_off = clock.sleep_until(later(deadline, cut_off_grace));
    auto first = co_await race(std::move(work), std::move(cut_off));
    if (first.index() == 0) {
      outcome = std::get<0>(std::move(first));
    } else {
      // Nobody knows how far it came.
      auto code = operation.repeat == Repeat::safe ? Errc::timeout : Errc::outcome_unknown;
      outcome = fail(code, service + "." + operation.name + " was cut off at its deadline");
    }
  } catch (const boost::system::system_error& e) {
    if (e.code() != asio::error::operation_aborted) permit->settle(fail(Errc::corrupt, e.what()));
    throw;
  } catch (const std::exception& e) {
    permit->settle(fail(Errc::corrupt, e.what()));
    throw;
  }
  shown.attempt.observe(clock.now() - began);
  if (outcome) {
    span.ok();
  } else {
    span.fail(outcome.error());
  }
  permit->settle(outcome);
  permit.reset();
  co_return outcome;
}

Task<void> Policy::State::attempt_hedged(Context ctx, const Operation& operation,
                                         const Attempt& attempt, std::unique_ptr<Permit> permit) {
  if (operation.repeat == Repeat::unsafe || options.hedge_after <= 0s) {
    auto alone = attempt_once(ctx, operation, attempt, std::move(permit));
    co_return co_await std::move(alone);
  }
  // The first success ends the race; a failure leaves it to the other, if that still runs. So
  // who failed first, or must not start, sleeps until the race is over.
  int running = 1;
  auto over = later(clock.now(), 2 * options.attempt_timeout + options.hedge_after + 1min);
  auto run_one = [&](std::unique_ptr<Permit> own) -> Task<void> {
    auto work = attempt_once(ctx, operation, attempt, std::move(own));
    auto outcome = co_await std::move(work);
    if (--running > 0 && !outcome) {
      auto wait = clock.sleep_until(over);
      co_await std::move(wait);
    }
    co_return outcome;
  };
  auto second = [&]() -> Task<void> {
    auto slow = clock.sleep_for(options.hedge_after);
    co_await std::move(slow);
    std::unique_ptr<Permit> own;
    if (spend_for_hedge()) {
      auto admitting = admit(ctx, Patience::none);
      auto admitted = co_await std::move(admitting);
      if (admitted) own = std::move(*admitted);
    }
    if (!own) {
      auto wait = clock.sleep_until(over);
      co_await std::move(wait);
      co_return fail(Errc::timeout, "the first attempt never ended");
    }
    ++running;
    auto work = run_one(std::move(own));
    co_return co_await std::move(work);
  };
  auto leading = run_one(std::move(permit));
  auto following = second();
  auto first = co_await race(std::move(leading), std::move(following));
  co_return first.index() == 0 ? std::get<0>(std::move(first)) : std::get<1>(std::move(first));
}

}  // namespace parley::resilience
