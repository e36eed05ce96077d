#include "schedule_rows.hpp"

namespace parley::queue {

namespace {

Schedule read_schedule(const store::Row& row) {
  return {row.text("name"),
          row.text("cron"),
          row.text("zone"),
          row.text("handler"),
          row.json("payload").as_object(),
          static_cast<Priority>(row.integer("priority"))};
}

DueSchedule read_due(const store::Row& row) {
  return {row.id<OrganizationId>("organization_id"), read_schedule(row), row.time("next_at")};
}

Result<void> done(const Result<std::int64_t>& changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace

Result<void> save_schedule(store::Tx& tx, const Schedule& s, WallTime next_at) {
  return done(tx.execute(
      "INSERT INTO job_schedules (organization_id, name, cron, zone, handler, payload, priority, "
      "next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
      "ON CONFLICT (organization_id, name) DO UPDATE SET next_at = CASE "
      "WHEN job_schedules.cron = excluded.cron AND job_schedules.zone = excluded.zone "
      "THEN job_schedules.next_at ELSE excluded.next_at END, cron = excluded.cron, "
      "zone = excluded.zone, handler = excluded.handler, payload = excluded.payload, "
      "priority = excluded.priority",
      {tx.context().organization, s.name, s.cron, s.zone, s.handler, json::serialize(s.payload),
       static_cast<int>(s.priority), next_at}));
}

Result<void> remove_schedule(store::Tx& tx, const std::string& name) {
  return done(tx.execute("DELETE FROM job_schedules WHERE organization_id = ?1 AND name = ?2",
                         {tx.context().organization, name}));
}

Result<std::vector<ScheduleStatus>> load_schedules(store::Tx& tx) {
  auto rows = tx.query(
      "SELECT name, cron, zone, handler, payload, priority, next_at, last_at FROM job_schedules "
      "WHERE organization_id = ?1 ORDER BY name",
      {tx.context().organization});
  if (!rows) return std::unexpected(rows.error());
  std::vector<ScheduleStatus> all;
  for (const auto& row : *rows)
    all.push_back({read_schedule(row), row.time("next_at"), row.optional_time("last_at")});
  return all;
}

Result<std::optional<DueSchedule>> due_schedule(store::Tx& tx, WallTime now) {
  auto rows =
      tx.query("SELECT * FROM job_schedules WHERE next_at <= ?1 ORDER BY next_at LIMIT 1", {now});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return read_due(rows->front());
}

Result<std::optional<WallTime>> next_schedule(store::Tx& tx) {
  auto rows = tx.query("SELECT next_at FROM job_schedules ORDER BY next_at LIMIT 1");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return rows->front().time("next_at");
}

Result<bool> move_schedule(store::Tx& tx, const DueSchedule& due, WallTime next_at) {
  auto moved = tx.execute(
      "UPDATE job_schedules SET next_at = ?1, last_at = ?2 "
      "WHERE organization_id = ?3 AND name = ?4 AND next_at = ?5",
      {next_at, tx.now(), due.organization, due.schedule.name, due.next_at});
  if (!moved) return std::unexpected(moved.error());
  return *moved == 1;
}

Result<std::vector<DueSchedule>> schedules_after(store::Tx& tx, WallTime after) {
  auto rows = tx.query("SELECT * FROM job_schedules WHERE next_at > ?1", {after});
  if (!rows) return std::unexpected(rows.error());
  std::vector<DueSchedule> all;
  for (const auto& row : *rows) all.push_back(read_due(row));
  return all;
}

Result<void> set_next(store::Tx& tx, const DueSchedule& due, WallTime next_at) {
  return done(
      tx.execute("UPDATE job_schedules SET next_at = ?1 WHERE organization_id = ?2 AND name = ?3 "
                 "AND next_at = ?4",
                 {next_at, due.organization, due.schedule.name, due.next_at}));
}

}  // namespace parley::queue
