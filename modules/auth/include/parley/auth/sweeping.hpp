#pragma once
#include "parley/auth/sessions.hpp"
#include "parley/base/task_group.hpp"

namespace parley::auth {

struct SweepOptions {
  Duration every = std::chrono::hours(1);
  Duration limit = std::chrono::minutes(5);  ///< of one sweep
};

/// Sweeps at once and then every hour, on the group's executor, until `tasks` stops. A sweep that
/// fails is logged, and the next one deletes what it left. `clock` and `sessions` outlive the task.
void keep_swept(TaskGroup& tasks, Clock& clock, Sessions& sessions, SweepOptions options = {});

}  // namespace parley::auth
