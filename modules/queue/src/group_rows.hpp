#pragma once
#include "job_rows.hpp"

namespace parley::queue {

/// A job that waits becomes its group's head and ready, if the group has none; a head that is due
/// again becomes ready. True: it is ready.
Result<bool> join_group(store::Tx& tx, const Due& job, JobState from);

/// The job has ended. If it was the head, the next one of the group becomes ready.
Result<void> leave_group(store::Tx& tx, const OrganizationId& organization,
                         const std::string& group, const JobId& id);

struct Node {
  static constexpr std::int64_t unregistered = -1;
  std::string name;
  std::int64_t beat = 0;
};
Result<void> register_node(store::Tx& tx, const std::string& node);
/// False: others took it for dead.
Result<bool> beat(store::Tx& tx, const std::string& node);
/// Also those that claimed a job after they were taken for dead.
Result<std::vector<Node>> load_nodes(store::Tx& tx);
/// False: it is alive after all, or another was faster.
Result<bool> declare_dead(store::Tx& tx, const Node& node);
Result<void> remove_node(store::Tx& tx, const std::string& node);

}  // namespace parley::queue
