#pragma once
#include "parley/queue/queue.hpp"

namespace parley::queue {

struct DueSchedule {
  OrganizationId organization;
  Schedule schedule;
  WallTime next_at;
};

/// Of the transaction's organization.
Result<void> save_schedule(store::Tx& tx, const Schedule& schedule, WallTime next_at);
Result<void> remove_schedule(store::Tx& tx, const std::string& name);
Result<std::vector<ScheduleStatus>> load_schedules(store::Tx& tx);
/// The next one that is due; of any organization.
Result<std::optional<DueSchedule>> due_schedule(store::Tx& tx, WallTime now);
Result<std::optional<WallTime>> next_schedule(store::Tx& tx);
/// Compare and set: false when another node was faster.
Result<bool> move_schedule(store::Tx& tx, const DueSchedule& due, WallTime next_at);
/// Those that wait for a time later than `after`, by organization and name.
Result<std::vector<DueSchedule>> schedules_after(store::Tx& tx, WallTime after);
Result<void> set_next(store::Tx& tx, const DueSchedule& due, WallTime next_at);

}  // namespace parley::queue
