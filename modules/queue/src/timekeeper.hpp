#pragma once
#include "schedule_rows.hpp"
#include "shared.hpp"

namespace parley::queue {

/// Makes ready what has come due, and makes the jobs of schedules.
class Timekeeper {
 public:
  using Enqueue = std::function<Result<Enqueued>(store::Tx&, NewJob)>;
  Timekeeper(Shared& shared, Enqueue enqueue) : shared_(shared), enqueue_(std::move(enqueue)) {}
  asio::awaitable<void> run();

 private:
  /// When something else may be due.
  Task<TimePoint> turn();
  Task<bool> promote(JobState state, WallTime now);
  Task<bool> fire_one();
  Task<void> after_the_clock_went_back();

  Shared& shared_;
  Enqueue enqueue_;
  std::optional<Duration> drift_;  ///< of civil time against steady time
};

}  // namespace parley::queue
