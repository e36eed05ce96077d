#pragma once
#include "shared.hpp"

namespace parley::queue {

/// Cancels the attempts that are to stop: past their time limit, cancelled, or of a lost lease. One
/// sleeper for all of them, because a timer for each costs more than many a job.
class TimeLimits {
 public:
  explicit TimeLimits(Shared& shared) : shared_(shared) {}
  asio::awaitable<void> watch();

 private:
  Shared& shared_;
};

/// Runs `work` until it ends: Running::tell_to_stop cancels it, and the caller's own cancellation.
/// Not begun, and cancelled, when the run is to stop already.
Task<void> until_told_to_stop(std::shared_ptr<Running> run, Task<void> work);

}  // namespace parley::queue
