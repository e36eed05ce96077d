#include "bulkhead.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "parley/base/race.hpp"

namespace parley::resilience {

struct Bulkhead::Waiter {
  explicit Waiter(const asio::any_io_executor& e)
      : executor(e), timer(e, asio::steady_timer::time_point::max()) {}
  asio::any_io_executor executor;
  asio::steady_timer timer;
  bool woken = false;    ///< only on the executor
  bool granted = false;  ///< under the bulkhead's lock

  static asio::awaitable<void> wait(std::shared_ptr<Waiter> self) {
    if (self->woken) co_return;
    boost::system::error_code ec;
    co_await self->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (!self->woken) throw boost::system::system_error(asio::error::operation_aborted);
  }
};

/// Whatever way the waiting ends: out of the list, or the granted place goes to the next.
struct Bulkhead::Leaving {
  Bulkhead& bulkhead;
  std::shared_ptr<Waiter> waiter;
  bool taken = false;

  ~Leaving() {
    if (taken) return;
    {
      std::lock_guard lock(bulkhead.mutex_);
      if (!waiter->granted) {
        bulkhead.waiters_.remove(waiter);
        return;
      }
    }
    bulkhead.leave();
  }
  bool take() {
    std::lock_guard lock(bulkhead.mutex_);
    taken = waiter->granted;
    return taken;
  }
};

bool Bulkhead::try_enter() {
  std::lock_guard lock(mutex_);
  if (running_ >= options_.max_running) return false;
  ++running_;
  return true;
}

asio::awaitable<bool> Bulkhead::enter(Clock& clock, TimePoint until) {
  if (try_enter()) co_return true;
  auto executor = co_await asio::this_coro::executor;
  auto waiter = std::make_shared<Waiter>(executor);
  {
    std::lock_guard lock(mutex_);
    // Looked at again under the lock that puts us into the list: no place is missed.
    if (running_ < options_.max_running) {
      ++running_;
      co_return true;
    }
    if (waiters_.size() >= static_cast<std::size_t>(options_.max_waiting)) co_return false;
    waiters_.push_back(waiter);
  }
  Leaving leaving{*this, waiter};
  auto granted = Waiter::wait(waiter);
  auto late = clock.sleep_until(until);
  co_await race(std::move(granted), std::move(late));
  co_return leaving.take();
}

void Bulkhead::leave() {
  std::shared_ptr<Waiter> next;
  {
    std::lock_guard lock(mutex_);
    if (waiters_.empty()) {
      --running_;
      return;
    }
    next = std::move(waiters_.front());
    waiters_.pop_front();
    next->granted = true;
  }
  // The same as asio::post, but without sharing the executor between the threads.
  auto post = asio::require(next->executor, asio::execution::blocking.never);
  auto wake = [next] {
    next->woken = true;
    next->timer.cancel();
  };
  post.execute(std::move(wake));
}

Bulkhead::Load Bulkhead::load() const {
  std::lock_guard lock(mutex_);
  return {running_, static_cast<int>(waiters_.size())};
}

}  // namespace parley::resilience
