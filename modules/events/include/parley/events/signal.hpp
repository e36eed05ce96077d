#pragma once
#include <cstdint>
#include <memory>

#include "parley/base/clock.hpp"

namespace parley::events {

/// Wakes coroutines on any thread when something may be new. Counting makes it impossible to miss a
/// raise between looking and waiting: note generation(), look, then wait for another one.
class Signal {
 public:
  Signal();
  /// Waiters must be gone. A handle may stay: raising it then does nothing.
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  std::uint64_t generation() const noexcept;
  void raise();
  /// Returns when the generation is no longer `seen`, or at `until`. Throws operation_aborted when
  /// the calling coroutine is cancelled.
  asio::awaitable<void> wait(Clock& clock, std::uint64_t seen, TimePoint until);

  class State;
  /// For those that raise it and may outlive it.
  std::weak_ptr<State> handle() const { return state_; }
  static void raise(const std::weak_ptr<State>& handle);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace parley::events
