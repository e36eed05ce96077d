#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "parley/store/tx.hpp"

namespace parley::store {

/// One transaction that waits for a database thread.
struct Job {
  Context ctx;
  bool writes = false;
  std::function<Result<void>(Tx&)> body;
  std::function<void(Result<void>)> done;
};

/// Bounded; closing lets the threads finish what is queued. The thread that became idle last is the
/// first to work again: little work is done by few threads, which then need few connections.
class JobQueue {
 public:
  explicit JobQueue(std::size_t max_queued) : max_queued_(max_queued) {}

  /// Takes the job, or gives the reason and leaves it untouched.
  Result<void> push(Job& job) {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(Errc::unavailable, "the database is closed");
    if (jobs_.size() >= max_queued_)
      return fail(Errc::rate_limited, "the database's queue is full");
    jobs_.push_back(std::move(job));
    wake_one();
    return {};
  }

  /// Waits for at least one job; empty when closed and drained.
  std::vector<Job> take(std::size_t at_most) {
    std::vector<Job> taken;
    std::unique_lock lock(mutex_);
    Idle self;
    while (!closed_ && jobs_.empty()) {
      self.woken = false;
      idle_.push_back(&self);
      self.wake.wait(lock, [&] { return self.woken; });
    }
    while (!jobs_.empty() && taken.size() < at_most) {
      taken.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
    return taken;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    while (!idle_.empty()) wake_one();
  }

 private:
  struct Idle {
    std::condition_variable wake;
    bool woken = false;
  };
  /// Under the lock, which keeps the one that is woken where it is.
  void wake_one() {
    if (idle_.empty()) return;
    auto* last = idle_.back();
    idle_.pop_back();
    last->woken = true;
    last->wake.notify_one();
  }

  const std::size_t max_queued_;
  std::mutex mutex_;
  std::vector<Idle*> idle_;
  std::deque<Job> jobs_;
  bool closed_ = false;
};

/// Whom to tell that events were committed. Thread-safe.
class CommitListeners {
 public:
  void add(std::function<void()> listener) {
    std::lock_guard lock(mutex_);
    listeners_.push_back(std::move(listener));
  }
  void notify() {
    std::lock_guard lock(mutex_);
    for (const auto& listener : listeners_) listener();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> listeners_;
};

}  // namespace parley::store
