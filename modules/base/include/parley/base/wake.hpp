#pragma once
#include <cstdint>
#include <memory>

#include "parley/base/clock.hpp"

namespace parley {

/// Wakes coroutines on any thread when something may be new; raise() may come from any thread too.
/// Counting makes it impossible to miss a raise between looking and waiting: note generation(),
/// look, then wait for another one. For one strand, where nothing comes in between, Signal is
/// enough.
class Wake {
 public:
  Wake();
  /// Waiters must be gone. A handle may stay: raising it then does nothing.
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  /// How often it was raised.
  std::uint64_t generation() const noexcept;
  /// Ends every wait. Does not wait itself: waiters go on upon their own executors.
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

}  // namespace parley
