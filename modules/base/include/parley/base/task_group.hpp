#pragma once
#include <functional>
#include <memory>
#include <string>

#include "parley/base/clock.hpp"

namespace parley {

/// Owns background coroutines: every spawned coroutine belongs to a group that is cancelled and
/// awaited in stop(). spawn() and stop() may be called from any thread. Executors are those of
/// io_contexts that one thread runs each, or strands: a task's coroutines take turns.
class TaskGroup {
 public:
  /// Called with the task's name and what it threw (never operation_aborted).
  using OnFailure = std::function<void(const std::string& name, const std::string& what)>;

  explicit TaskGroup(asio::any_io_executor executor, OnFailure on_failure = {});
  ~TaskGroup();  ///< stop() must have completed, or nothing was ever spawned
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `task` on the group's executor. After stop() began, the task is not started.
  void spawn(std::string name, std::function<asio::awaitable<void>()> task);
  /// The same on another executor (another core's io_context).
  void spawn_on(asio::any_io_executor executor, std::string name,
                std::function<asio::awaitable<void>()> task);
  /// Cancels every task and waits until all have ended. Idempotent; safe before the first spawn.
  asio::awaitable<void> stop();
  std::size_t size() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Runs `work`, cancelling it at `deadline`; then the answer is Errc::timeout.
/// The caller's own cancellation passes through as an exception.
template <class T>
Task<T> with_deadline(Clock& clock, TimePoint deadline, Task<T> work);

}  // namespace parley

#include "parley/base/detail/with_deadline.hpp"
