#pragma once
#include <functional>
#include <optional>
#include <string>

#include "parley/base/context.hpp"
#include "parley/base/json.hpp"
#include "parley/store/tx.hpp"

namespace parley::queue {

/// Which of the ready jobs of a lane go first. Nothing holds a flood of urgent ones back.
enum class Priority { urgent = 0, normal = 5, bulk = 9 };

/// What is to be done, by whom, when. The organization is the transaction's.
struct NewJob {
  std::string handler;   ///< a registered name
  json::object payload;  ///< at most 256 KiB
  Priority priority = Priority::normal;
  Duration delay{};            ///< from now, whatever happens to the clock's hands
  std::optional<WallTime> at;  ///< by the clock; instead of `delay`
  /// While a job with this key has not ended, another one is not made: the first one's id is given.
  std::string unique_key;
  /// Jobs of one group run one at a time, in order of priority and age; one that is tried again
  /// holds the others back until it is done or dead.
  std::string group;
  std::optional<Duration> ttl;  ///< not started within: dead letter
};

struct Enqueued {
  JobId id;
  enum class As { fresh, duplicate } as = As::fresh;
};

///            enqueue ──► scheduled, delayed ──(due)──► ready ◄──────────────┐
///                  └──► waiting (for its group) ─────►  │ claim            │ head of the group
///                  ended
///                                                       ▼                  │
///     delayed ◄──(failed, attempts left)────────── running ──► done       ─┤
///     ready ◄──(its node died or stopped)────────────┘ │ └──► cancelled   ─┤
///     ready ◄──(replay)── dead ◄──(out of attempts, cannot help, expired)─┴┘
enum class JobState { scheduled, delayed, waiting, ready, running, done, cancelled, dead };
std::string_view to_string(JobState state) noexcept;
std::optional<JobState> parse_job_state(std::string_view text) noexcept;

/// A job as it is stored.
struct Job {
  JobId id;
  OrganizationId organization;
  std::string handler;
  std::string lane;
  JobState state = JobState::ready;
  Priority priority = Priority::normal;
  WallTime run_at;
  std::string unique_key;
  std::string group;
  json::object payload;
  std::int64_t attempts = 0;  ///< begun
  int progress = 0;           ///< percent
  json::object progress_note;
  std::string last_error;  ///< of a dead one: the reason
  WallTime created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::optional<WallTime> died_at;
};

/// One attempt at a job, in the handler's hands. The job's id is the idempotency key of its
/// effects: the same in every attempt, also after a crash.
class JobRun {
 public:
  virtual ~JobRun() = default;
  virtual const Job& job() const noexcept = 0;
  const std::string& idempotency_key() const noexcept { return job().id.str(); }
  const json::object& payload() const noexcept { return job().payload; }
  std::int64_t attempt() const noexcept { return job().attempts; }

  /// Shown by Queue::find while the job runs, and kept. Errors: conflict when the lease is lost.
  virtual Task<void> progress(int percent, json::object note) = 0;
  /// Finishes the job in the transaction of its effect: exactly once, if that is in this database.
  /// Errors: conflict when the lease is lost; then the transaction must fail.
  virtual Result<void> finish(store::Tx& tx) = 0;
};

/// Does a job. It runs at least once; ctx has the organization, the deadline of the attempt, and
/// is cancelled when the job is cancelled or the node loses its lease. Errors: `invalid` and
/// `unsupported` make the job a dead letter at once, everything else is tried again (not before
/// retry_after); what is thrown counts as a failure. `run` lives until the coroutine ends.
using Handler = std::function<Task<void>(Context ctx, JobRun& run)>;

struct HandlerOptions {
  std::string lane = "default";  ///< its own share of the workers
  int max_attempts = 10;
  /// Before attempt n + 1: first_pause * 2^(n-1), at most longest_pause, half of it random.
  Duration first_pause = 1s;
  Duration longest_pause = 1h;
  Duration time_limit = 60s;  ///< of one attempt
};

/// Which jobs of an organization a list shows.
struct JobFilter {
  std::optional<JobState> state;
  std::string lane;
  std::string handler;
  std::int64_t page = 1;
  std::int64_t limit = 50;
  std::string sort;  ///< "createdAt" or "-createdAt"; empty: the newest first
};

}  // namespace parley::queue
