#pragma once
#include <list>
#include <memory>
#include <mutex>

#include "parley/base/clock.hpp"
#include "parley/resilience/options.hpp"

namespace parley::resilience {

/// At most so many at once; a bounded number more wait, the oldest first. Thread-safe: a place
/// that becomes free on one thread may wake a coroutine of another.
class Bulkhead {
 public:
  explicit Bulkhead(PolicyOptions::Bulkhead options) : options_(options) {}
  Bulkhead(const Bulkhead&) = delete;
  Bulkhead& operator=(const Bulkhead&) = delete;

  /// True: a place is taken, leave() gives it back. False: too many wait, or none became free.
  asio::awaitable<bool> enter(Clock& clock, TimePoint until);
  bool try_enter();
  void leave();

  struct Load {
    int running = 0;
    int waiting = 0;
  };
  Load load() const;

 private:
  struct Waiter;
  struct Leaving;
  const PolicyOptions::Bulkhead options_;
  mutable std::mutex mutex_;
  int running_ = 0;
  std::list<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace parley::resilience
