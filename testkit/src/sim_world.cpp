#include "parley/testkit/sim_world.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <map>

namespace parley::testkit {

namespace {
/// A real timer that never fires by itself: cancelled when virtual time reaches it.
struct Sleeper {
  explicit Sleeper(const asio::any_io_executor& executor)
      : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool due = false;
};
}  // namespace

struct SimClock::State {
  TimePoint now{1h};
  WallTime wall;
  std::multimap<TimePoint, Sleeper*> sleepers;
};

SimClock::SimClock(WallTime start) : state_(std::make_unique<State>()) { state_->wall = start; }
SimClock::~SimClock() = default;

TimePoint SimClock::now() const noexcept { return state_->now; }
WallTime SimClock::wall() const noexcept { return state_->wall; }
void SimClock::jump_wall(std::chrono::milliseconds by) noexcept { state_->wall += by; }

asio::awaitable<void> SimClock::sleep_until(TimePoint when) {
  auto executor = co_await asio::this_coro::executor;
  if (when <= state_->now) {
    co_await asio::post(executor, asio::use_awaitable);
    co_return;
  }
  Sleeper sleeper(executor);
  auto where = state_->sleepers.emplace(when, &sleeper);
  struct Erase {
    State& state;
    std::multimap<TimePoint, Sleeper*>::iterator where;
    Sleeper& sleeper;
    ~Erase() {
      if (!sleeper.due) state.sleepers.erase(where);
    }
  } erase{*state_, where, sleeper};
  boost::system::error_code ec;
  co_await sleeper.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (!sleeper.due) throw boost::system::system_error(asio::error::operation_aborted);
}

std::optional<TimePoint> SimClock::next_timer() const {
  if (state_->sleepers.empty()) return std::nullopt;
  return state_->sleepers.begin()->first;
}

void SimClock::advance_to(TimePoint when) {
  if (when > state_->now) {
    // Civil time has milliseconds; keep the part below for the next step.
    auto before = std::chrono::floor<std::chrono::milliseconds>(state_->now);
    state_->now = when;
    state_->wall += std::chrono::floor<std::chrono::milliseconds>(when) - before;
  }
  while (!state_->sleepers.empty() && state_->sleepers.begin()->first <= state_->now) {
    auto* sleeper = state_->sleepers.begin()->second;
    state_->sleepers.erase(state_->sleepers.begin());
    sleeper->due = true;
    sleeper->timer.cancel();
  }
}

SimWorld::SimWorld(std::uint64_t seed, std::string_view start)
    : clock_(parse_rfc3339(start).value()), random_(seed), start_(clock_.now()) {}

SimWorld::~SimWorld() = default;

void SimWorld::drive(const bool& done) {
  auto guard = asio::make_work_guard(io_);
  while (!done) {
    io_.restart();
    if (io_.poll() > 0) continue;
    if (done) break;
    auto next = clock_.next_timer();
    if (!next) throw std::logic_error("deadlock: nothing is ready and no timer is set");
    clock_.advance_to(*next);
  }
}

void SimWorld::run_for(Duration duration) {
  auto end = clock_.now() + duration;
  auto guard = asio::make_work_guard(io_);
  while (true) {
    io_.restart();
    if (io_.poll() > 0) continue;
    auto next = clock_.next_timer();
    if (!next || *next > end) break;
    clock_.advance_to(*next);
  }
  clock_.advance_to(end);
  io_.restart();
  io_.poll();
}

}  // namespace parley::testkit
