#include "parley/base/signal.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "parley/base/race.hpp"

namespace parley {

/// Registered from its construction on, so that a notify() between the registration and the first
/// suspension counts.
struct Signal::Waiter {
  Waiter(std::list<Waiter*>& all, const asio::any_io_executor& executor,
         TimePoint until = TimePoint::max())
      : all(all), where(all.insert(all.end(), this)), timer(executor, until) {}
  ~Waiter() {
    if (!woken) all.erase(where);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  asio::awaitable<void> wait() {
    if (woken) co_return;
    boost::system::error_code ec;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    // The timer's own end is the deadline's.
    if (!woken && ec) throw boost::system::system_error(asio::error::operation_aborted);
  }

  std::list<Waiter*>& all;
  std::list<Waiter*>::iterator where;
  asio::steady_timer timer;
  bool woken = false;
};

void Signal::notify() {
  while (!waiters_.empty()) {
    auto* waiter = waiters_.front();
    waiters_.pop_front();
    waiter->woken = true;
    waiter->timer.cancel();
  }
}

asio::awaitable<void> Signal::wait() {
  auto executor = co_await asio::this_coro::executor;
  Waiter waiter(waiters_, executor);
  co_await waiter.wait();
}

asio::awaitable<bool> Signal::wait_until(Clock& clock, TimePoint deadline) {
  auto executor = co_await asio::this_coro::executor;
  // The system's clock is the timer's own: setting that costs nothing, where a race of two
  // coroutines costs ten microseconds and an exception for the loser.
  bool own_timer = deadline == TimePoint::max() || dynamic_cast<SystemClock*>(&clock) != nullptr;
  Waiter waiter(waiters_, executor, own_timer ? deadline : TimePoint::max());
  if (own_timer) {
    co_await waiter.wait();
    co_return waiter.woken;
  }
  auto woken = waiter.wait();
  auto late = clock.sleep_until(deadline);
  co_await race(std::move(woken), std::move(late));
  co_return waiter.woken;
}

}  // namespace parley
