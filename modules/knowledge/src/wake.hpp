#pragma once
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <memory>

#include "parley/base/clock.hpp"

namespace parley::knowledge {

/// Tells sleeping coroutines of one executor that there is something to do. notify() may be called
/// from any thread, also after the Wake is gone for its waiters.
class Wake {
 public:
  explicit Wake(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}

  /// Take before looking for work: a notify() after that ends the next wait at once.
  std::uint64_t seen() const { return state_->count; }

  void notify() {
    auto ring = [state = state_] {
      ++state->count;
      state->timer.cancel();
    };
    asio::post(state_->timer.get_executor(), std::move(ring));
  }

  /// Until a notify() after `seen`, or `longest`.
  asio::awaitable<void> wait(Clock& clock, std::uint64_t seen, Duration longest) {
    using namespace asio::experimental::awaitable_operators;
    if (state_->count != seen) co_return;
    auto rung = ring(state_);
    auto slept = clock.sleep_for(longest);
    co_await (std::move(rung) || std::move(slept));
  }

 private:
  struct State {
    explicit State(const asio::any_io_executor& executor)
        : timer(executor, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::uint64_t count = 0;
  };
  static asio::awaitable<void> ring(std::shared_ptr<State> state) {
    boost::system::error_code ignored;
    co_await state->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  std::shared_ptr<State> state_;
};

}  // namespace parley::knowledge
