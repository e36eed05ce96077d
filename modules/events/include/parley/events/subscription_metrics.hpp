#pragma once
#include "parley/base/task_group.hpp"
#include "parley/events/subscriptions.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::events {

/// Sets the gauges of each subscription (what waits, how long the oldest has waited, what is
/// parked, whether it stands or is rebuilt) from its status. Any node shows the same.
void show_status(const std::vector<SubscriptionStatus>& all, metrics::Registry& registry);

/// Shows them every `every`, until `tasks` stops. The other arguments outlive the task.
void keep_shown(TaskGroup& tasks, Clock& clock, Subscriptions& subscriptions,
                metrics::Registry& registry, Duration every = 15s);

}  // namespace parley::events
