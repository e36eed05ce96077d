#include "parley/base/wake.hpp"

#include <atomic>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <map>
#include <mutex>

namespace parley {

class Wake::State {
 public:
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& e)
        : executor(e), timer(e, asio::steady_timer::time_point::max()) {}
    asio::any_io_executor executor;
    asio::steady_timer timer;
    bool raised = false;  ///< only on the executor
    std::uint64_t place = 0;
  };

  std::uint64_t generation() const noexcept { return generation_.load(); }

  void raise() {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    ++generation_;
    for (const auto& [place, waiter] : waiters_) {
      auto wake = [waiter = waiter] {
        waiter->raised = true;
        waiter->timer.cancel();
      };
      // The same as asio::post, but without sharing the executor between the threads.
      auto post = asio::require(waiter->executor, asio::execution::blocking.never);
      post.execute(std::move(wake));
    }
    waiters_.clear();
  }

  /// False when it was raised meanwhile.
  bool enter(std::uint64_t seen, const std::shared_ptr<Waiter>& waiter) {
    std::lock_guard lock(mutex_);
    if (generation_ != seen) return false;
    waiter->place = ++places_;
    waiters_.emplace(waiter->place, waiter);
    return true;
  }
  void leave(const std::shared_ptr<Waiter>& waiter) {
    std::lock_guard lock(mutex_);
    waiters_.erase(waiter->place);
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    waiters_.clear();
  }

 private:
  std::mutex mutex_;
  std::atomic<std::uint64_t> generation_ = 0;
  std::uint64_t places_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Waiter>> waiters_;  ///< in the order they came
  bool closed_ = false;
};

Wake::Wake() : state_(std::make_shared<State>()) {}
Wake::~Wake() { state_->close(); }

std::uint64_t Wake::generation() const noexcept { return state_->generation(); }
void Wake::raise() { state_->raise(); }

void Wake::raise(const std::weak_ptr<State>& handle) {
  if (auto state = handle.lock()) state->raise();
}

namespace {

asio::awaitable<void> until_raised(std::shared_ptr<Wake::State::Waiter> waiter) {
  boost::system::error_code ec;
  co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (!waiter->raised) throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace

asio::awaitable<void> Wake::wait(Clock& clock, std::uint64_t seen, TimePoint until) {
  using namespace asio::experimental::awaitable_operators;
  auto executor = co_await asio::this_coro::executor;
  auto state = state_;
  auto waiter = std::make_shared<State::Waiter>(executor);
  if (!state->enter(seen, waiter)) co_return;
  struct Leave {
    std::shared_ptr<State> state;
    std::shared_ptr<State::Waiter> waiter;
    ~Leave() { state->leave(waiter); }
  } leave{state, waiter};
  auto raised = until_raised(waiter);
  if (until == TimePoint::max()) {
    co_await std::move(raised);
    co_return;
  }
  auto timed_out = clock.sleep_until(until);
  try {
    co_await (std::move(raised) || std::move(timed_out));
  } catch (const asio::multiple_exceptions&) {
    // Both only fail together, when the caller was cancelled.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace parley
