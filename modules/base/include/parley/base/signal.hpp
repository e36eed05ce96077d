#pragma once
#include <list>

#include "parley/base/clock.hpp"

namespace parley {

/// Wakes coroutines of one strand: the waiting half of "state changed, look again". Carries no
/// state itself, so look at the state first and wait only when it is not yet as wanted; nothing is
/// missed, since on one strand no notify() comes between the look and the wait.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify();
  asio::awaitable<void> wait();
  /// False when `deadline` came first.
  asio::awaitable<bool> wait_until(Clock& clock, TimePoint deadline);

 private:
  struct Waiter;
  std::list<Waiter*> waiters_;
};

}  // namespace parley
