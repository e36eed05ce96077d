#include "parley/testkit/settable_clock.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

namespace parley::testkit {

struct SettableClock::State {
  struct Sleeper {
    explicit Sleeper(const asio::any_io_executor& e) : executor(e), timer(e) {}
    asio::any_io_executor executor;
    asio::steady_timer timer;
    bool looked_again = false;
  };
  std::mutex mutex;
  std::atomic<Duration> ahead{Duration::zero()};
  std::atomic<WallTime> wall;
  std::set<std::shared_ptr<Sleeper>> sleepers;
};

SettableClock::SettableClock(std::string_view wall) : state_(std::make_shared<State>()) {
  state_->wall = parse_rfc3339(wall).value();
}
SettableClock::~SettableClock() = default;

TimePoint SettableClock::now() const noexcept {
  return std::chrono::steady_clock::now() + state_->ahead.load();
}
WallTime SettableClock::wall() const noexcept { return state_->wall.load(); }
void SettableClock::set_wall(WallTime time) { state_->wall = time; }

asio::awaitable<void> SettableClock::sleep_until(TimePoint when) {
  auto executor = co_await asio::this_coro::executor;
  auto state = state_;
  auto sleeper = std::make_shared<State::Sleeper>(executor);
  struct Leave {
    std::shared_ptr<State> state;
    std::shared_ptr<State::Sleeper> sleeper;
    ~Leave() {
      std::lock_guard lock(state->mutex);
      state->sleepers.erase(sleeper);
    }
  } leave{state, sleeper};
  {
    std::lock_guard lock(state->mutex);
    state->sleepers.insert(sleeper);
  }
  while (now() < when) {
    auto real = when == TimePoint::max() ? when : when - state->ahead.load();
    sleeper->looked_again = false;
    sleeper->timer.expires_at(real);
    boost::system::error_code ec;
    co_await sleeper->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (ec && !sleeper->looked_again) throw boost::system::system_error(ec);
  }
}

void SettableClock::advance(Duration by) {
  state_->ahead = state_->ahead.load() + by;
  state_->wall = state_->wall.load() + std::chrono::floor<std::chrono::milliseconds>(by);
  std::lock_guard lock(state_->mutex);
  for (const auto& sleeper : state_->sleepers) {
    auto look_again = [sleeper] {
      sleeper->looked_again = true;
      sleeper->timer.cancel();
    };
    // The same as asio::post, but without sharing the executor between the threads.
    auto post = asio::require(sleeper->executor, asio::execution::blocking.never);
    post.execute(std::move(look_again));
  }
}

}  // namespace parley::testkit
