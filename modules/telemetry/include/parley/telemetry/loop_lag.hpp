#pragma once
#include "parley/base/task_group.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley {

struct LoopLagOptions {
  std::string loop;  ///< the label: "core-0"
  Duration interval = std::chrono::milliseconds(250);
  /// In debug builds (PARLEY_DEBUG) a loop that is later than this is an error in the log: somebody
  /// computed or blocked on an I/O thread.
  Duration alarm = std::chrono::milliseconds(50);
};

/// Measures how late a loop runs what is due, into parley_loop_lag_seconds{loop}. One for each
/// io_context, owned and ended by `tasks`; `clock` and `registry` outlive it.
void watch_loop_lag(TaskGroup& tasks, asio::any_io_executor executor, Clock& clock,
                    metrics::Registry& registry, LoopLagOptions options);

}  // namespace parley
