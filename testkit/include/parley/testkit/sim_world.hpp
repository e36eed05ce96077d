#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <stdexcept>

#include "parley/base/clock.hpp"
#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/base/run_to_end.hpp"

namespace parley::testkit {

/// Virtual time: nothing passes unless SimWorld advances it. Used from one thread.
class SimClock final : public Clock {
 public:
  explicit SimClock(WallTime start);
  ~SimClock() override;
  TimePoint now() const noexcept override;
  WallTime wall() const noexcept override;
  asio::awaitable<void> sleep_until(TimePoint when) override;

  /// Sets civil time without touching timers: an operator or NTP moved the clock.
  void jump_wall(std::chrono::milliseconds by) noexcept;
  /// The next timer's time, or nothing when no one sleeps.
  std::optional<TimePoint> next_timer() const;
  /// Moves time to `when` and wakes every timer that is due.
  void advance_to(TimePoint when);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One io_context in virtual time: runs whatever is ready, and only when nothing is, jumps to the
/// next timer. Worker pools in a SimWorld have zero threads (they run inline).
class SimWorld {
 public:
  /// 2026-03-02 is a Monday; 15:00Z is 10:00 in New York.
  explicit SimWorld(std::uint64_t seed = 1, std::string_view start = "2026-03-02T15:00:00Z");
  ~SimWorld();

  SimClock& clock() { return clock_; }
  Random& random() { return random_; }
  asio::io_context& io() { return io_; }
  asio::any_io_executor executor() { return io_.get_executor(); }
  Context context() const { return Context{}; }
  Duration elapsed() const { return clock_.now() - start_; }

  /// Runs the coroutine that `start` makes until it ends, and returns its result. Throws
  /// std::logic_error when nothing is ready and no timer is set (a deadlock in the code under
  /// test).
  template <class Start>
  auto run(Start start) {
    return run_to_end(io_, std::move(start), [this](const bool& done) { drive(done); });
  }
  /// Lets `duration` of virtual time pass for the coroutines already running.
  void run_for(Duration duration);

 private:
  void drive(const bool& done);
  asio::io_context io_{1};
  SimClock clock_;
  SeededRandom random_;
  TimePoint start_;
};

}  // namespace parley::testkit
