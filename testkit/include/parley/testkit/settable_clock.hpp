#pragma once
#include <memory>

#include "parley/base/clock.hpp"

namespace parley::testkit {

/// For tests with real threads: monotonic time runs by itself, civil time stands still, and a test
/// moves both on with advance(), which wakes every timer that is then due. Thread-safe.
class SettableClock final : public Clock {
 public:
  /// 2026-03-02 is a Monday; 15:00Z is 10:00 in New York.
  explicit SettableClock(std::string_view wall = "2026-03-02T15:00:00Z");
  ~SettableClock() override;
  TimePoint now() const noexcept override;
  WallTime wall() const noexcept override;
  asio::awaitable<void> sleep_until(TimePoint when) override;

  void advance(Duration by);
  void set_wall(WallTime time);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace parley::testkit
