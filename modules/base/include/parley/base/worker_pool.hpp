#pragma once
#include <functional>
#include <memory>
#include <string>

#include "parley/base/task.hpp"

namespace parley {

/// A named, bounded pool of threads for work that computes (decoding, hashing, parsing): nothing of
/// that kind runs on an I/O thread.
class WorkerPool {
 public:
  struct Options {
    std::string name;         ///< shows in the thread names and metrics
    std::size_t threads = 1;  ///< 0: run inline on the caller, for simulations in virtual time
    std::size_t max_queued = 1024;
    int nice = 0;  ///< 0..19; higher gives way to audio
  };
  explicit WorkerPool(Options options);
  ~WorkerPool();  ///< runs what is queued, then joins
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `work` on the pool and resumes the caller on its own executor. Errors: rate_limited when
  /// the queue is full. `work` is not interrupted by cancellation, so it must own what it touches.
  template <class T>
  Task<T> run(std::function<Result<T>()> work);

  /// Fire and forget for work with an owner of its own. False when the queue is full.
  bool post(std::function<void()> work);

  std::size_t queued() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace parley

#include "parley/base/detail/worker_pool_run.hpp"
