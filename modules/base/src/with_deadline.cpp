#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"

namespace parley::detail {

namespace {

/// Shared with the timer's handler, which may come when the work has ended.
struct Limit {
  Limit(const asio::any_io_executor& executor, TimePoint deadline) : timer(executor, deadline) {}
  asio::steady_timer timer;
  asio::cancellation_signal signal;
  bool passed = false;
  bool ended = false;
};

asio::awaitable<bool> run_until(TimePoint deadline, asio::awaitable<void> work) {
  auto executor = co_await asio::this_coro::executor;
  auto limit = std::make_shared<Limit>(executor, deadline);
  struct End {
    Limit& limit;
    ~End() {
      limit.ended = true;
      limit.timer.cancel();
    }
  } end{*limit};
  limit->timer.async_wait([limit](boost::system::error_code cancelled) {
    if (cancelled || limit->ended) return;
    limit->passed = true;
    limit->signal.emit(asio::cancellation_type::terminal);
  });
  auto own = co_await asio::this_coro::cancellation_state;
  if (own.slot().is_connected())
    own.slot().assign([limit](asio::cancellation_type type) { limit->signal.emit(type); });
  auto cancellable = asio::bind_cancellation_slot(limit->signal.slot(), asio::use_awaitable);
  auto working = asio::co_spawn(executor, std::move(work), std::move(cancellable));
  try {
    co_await std::move(working);
  } catch (...) {
    if (!limit->passed) throw;
  }
  co_return !limit->passed;
}

}  // namespace

asio::awaitable<bool> run_until(Clock& clock, TimePoint deadline, asio::awaitable<void> work) {
  // The system's clock is the timers' own: one that only cancels the work costs half of a race with
  // a coroutine that sleeps, which ends by an exception each time that the work is done.
  if (dynamic_cast<SystemClock*>(&clock)) {
    auto running = run_until(deadline, std::move(work));
    co_return co_await std::move(running);
  }
  auto sleeping = clock.sleep_until(deadline);
  auto racing = race(std::move(work), std::move(sleeping));
  auto first = co_await std::move(racing);
  co_return first.index() == 0;
}

}  // namespace parley::detail
