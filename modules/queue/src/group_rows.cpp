#include "group_rows.hpp"

namespace parley::queue {

namespace {

Result<void> done(const Result<std::int64_t>& changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace

Result<bool> join_group(store::Tx& tx, const Due& job, JobState from) {
  // The group's row is the lock: who ends a job of the group and who adds one do not pass each
  // other unseen.
  auto row = tx.one(
      "INSERT INTO job_groups (organization_id, group_key, head) VALUES (?1, ?2, ?3) "
      "ON CONFLICT (organization_id, group_key) DO UPDATE SET head = "
      "CASE WHEN job_groups.head = '' THEN excluded.head ELSE job_groups.head END "
      "RETURNING head",
      {job.organization, job.group, job.id});
  if (!row) return std::unexpected(row.error());
  bool head = row->text("head") == job.id.str();
  auto to = head ? JobState::ready : JobState::waiting;
  if (to == from) return head;
  auto moved = set_state(tx, job.id, from, to);
  if (!moved) return std::unexpected(moved.error());
  return head;
}

Result<void> leave_group(store::Tx& tx, const OrganizationId& organization,
                         const std::string& group, const JobId& id) {
  auto left = tx.execute(
      "UPDATE job_groups SET head = '' WHERE organization_id = ?1 AND group_key = ?2 AND head = ?3",
      {organization, group, id});
  if (!left) return std::unexpected(left.error());
  if (*left == 0) return {};
  while (true) {
    auto waiting = tx.query(
        "SELECT id FROM jobs WHERE organization_id = ?1 AND group_key = ?2 AND state = 'waiting' "
        "ORDER BY priority, position LIMIT 1",
        {organization, group});
    if (!waiting) return std::unexpected(waiting.error());
    if (waiting->empty())
      return done(tx.execute("DELETE FROM job_groups WHERE organization_id = ?1 AND group_key = ?2",
                             {organization, group}));
    auto next = waiting->front().id<JobId>("id");
    auto ready = set_state(tx, next, JobState::waiting, JobState::ready);
    if (!ready) return std::unexpected(ready.error());
    // Cancelled meanwhile: the one after it.
    if (*ready == 0) continue;
    return done(
        tx.execute("UPDATE job_groups SET head = ?3 WHERE organization_id = ?1 AND group_key = ?2",
                   {organization, group, next}));
  }
}

Result<void> register_node(store::Tx& tx, const std::string& node) {
  return done(tx.execute(
      "INSERT INTO job_nodes (node, beat, started_at) VALUES (?1, 0, ?2) ON CONFLICT DO NOTHING",
      {node, tx.now()}));
}

Result<bool> beat(store::Tx& tx, const std::string& node) {
  auto counted = tx.execute("UPDATE job_nodes SET beat = beat + 1 WHERE node = ?1", {node});
  if (!counted) return std::unexpected(counted.error());
  return *counted == 1;
}

Result<std::vector<Node>> load_nodes(store::Tx& tx) {
  auto rows = tx.query(
      "SELECT node, beat FROM job_nodes UNION ALL SELECT DISTINCT node, -1 AS beat FROM jobs "
      "WHERE state = 'running' AND node NOT IN (SELECT node FROM job_nodes)");
  if (!rows) return std::unexpected(rows.error());
  std::vector<Node> nodes;
  for (const auto& row : *rows) nodes.push_back({row.text("node"), row.integer("beat")});
  return nodes;
}

Result<bool> declare_dead(store::Tx& tx, const Node& node) {
  if (node.beat == Node::unregistered) return true;
  auto removed =
      tx.execute("DELETE FROM job_nodes WHERE node = ?1 AND beat = ?2", {node.name, node.beat});
  if (!removed) return std::unexpected(removed.error());
  return *removed == 1;
}

Result<void> remove_node(store::Tx& tx, const std::string& node) {
  return done(tx.execute("DELETE FROM job_nodes WHERE node = ?1", {node}));
}

}  // namespace parley::queue
