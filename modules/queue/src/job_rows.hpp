#pragma once
// All SQL about jobs but their groups. Each function is part of its caller's transaction.
#include <vector>

#include "parley/queue/job.hpp"
#include "parley/store/database.hpp"
#include "parley/store/listing.hpp"

namespace parley::queue {

using Kind = store::Database::Kind;

/// What a worker holds of a job: valid as long as the row has this fence and runs.
struct Lease {
  JobId id;
  std::int64_t fence = 0;
  OrganizationId organization;
  std::string group;
};

struct Claimed {
  Job job;
  Lease lease;
  TraceContext trace;
  std::optional<WallTime> expires_at;
  bool cancel_requested = false;
};

struct NewRow {
  JobId id;
  std::string lane;
  JobState state;
  std::int64_t position;
  WallTime run_at;
  std::optional<WallTime> expires_at;
  const NewJob& job;
  std::string payload;  ///< serialized
  Duration delay{};     ///< until run_at
};
/// One statement for many rows. A row is a duplicate when a job with its unique key has not ended.
Result<std::vector<Enqueued>> insert_jobs(store::Tx& tx, Kind kind, std::span<const NewRow> rows);
Result<Job> load_job(store::Tx& tx, const JobId& id);
/// Of the transaction's organization.
Result<store::Listed<Job>> list_jobs(store::Tx& tx, const JobFilter& filter);

/// Jobs that one statement claims or ends at most: many share its commit.
inline constexpr std::size_t most_at_once = 512;
/// `limit` is 1, 2, 4 .. most_at_once: it stands in the text, so that plans know it.
std::string claim_sql(Kind kind, std::size_t limit);
/// The largest of those sizes that is at most `limit`.
std::size_t claim_size(std::size_t limit);
Result<std::vector<Claimed>> claim_jobs(store::Tx& tx, Kind kind, const std::string& lane,
                                        const std::string& node, std::size_t limit);

/// Whether the job runs under this lease; waits for a transaction that is changing it.
Result<bool> is_held(store::Tx& tx, const Lease& lease);

/// How an attempt ended.
struct Settlement {
  Lease lease;
  enum class As { done, again, dead, cancelled } as = As::done;
  WallTime run_at;            ///< again: not before
  std::int64_t position = 0;  ///< again
  std::string error;          ///< again, dead
  enum class Attempt { counts, does_not_count } attempt = Attempt::counts;
};
/// One statement for all of them, whose leases differ. For each, whether it was still ours; false:
/// the lease was lost. Groups are the caller's.
Result<std::vector<bool>> settle_jobs(store::Tx& tx, Kind kind, std::span<const Settlement> ended);
Result<bool> settle_job(store::Tx& tx, Kind kind, const Settlement& settlement);
/// Whether this attempt finished the job itself, by JobRun::finish.
Result<bool> finished_with(store::Tx& tx, const Lease& lease);
Result<bool> note_progress(store::Tx& tx, const Lease& lease, int percent,
                           const json::object& note);

/// The most recent `limit` jobs that are due become ready, or `waiting` when they have a group.
struct Due {
  JobId id;
  OrganizationId organization;
  std::string group;
};
Result<std::int64_t> promote_due(store::Tx& tx, Kind kind, JobState state, WallTime now,
                                 std::size_t limit);
Result<std::vector<Due>> due_in_groups(store::Tx& tx, Kind kind, JobState state, WallTime now,
                                       std::size_t limit);
Result<std::optional<WallTime>> next_due(store::Tx& tx, JobState state);

/// To one of the states in which nothing runs.
Result<std::int64_t> set_state(store::Tx& tx, const JobId& id, JobState from, JobState to);
Result<std::int64_t> cancel_stored(store::Tx& tx, const JobId& id, JobState from);
Result<std::int64_t> request_cancel(store::Tx& tx, const JobId& id);
Result<std::vector<JobId>> cancel_requests(store::Tx& tx, const std::string& node);

Result<std::vector<Claimed>> running_on(store::Tx& tx, const std::string& node);
Result<std::int64_t> hand_back(store::Tx& tx, const std::string& node);

Result<std::vector<Job>> load_dead(store::Tx& tx, const JobId& after, std::size_t limit);
Result<std::int64_t> revive(store::Tx& tx, const JobId& id, std::int64_t position, WallTime run_at,
                            JobState state);
Result<std::int64_t> remove_dead(store::Tx& tx, const JobId& id);
Result<std::int64_t> sweep(store::Tx& tx, WallTime finished_before, WallTime died_before,
                           std::size_t limit);
Result<std::int64_t> count_dead(store::Tx& tx, std::size_t at_most);
Result<std::int64_t> count_ready(store::Tx& tx, const std::string& lane, std::size_t at_most);

}  // namespace parley::queue
