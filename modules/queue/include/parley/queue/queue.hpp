#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "parley/base/random.hpp"
#include "parley/queue/broker.hpp"
#include "parley/queue/cron.hpp"
#include "parley/queue/job.hpp"
#include "parley/store/database.hpp"
#include "parley/store/listing.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"

namespace parley::queue {

/// A job made again and again. Occurrences missed while nothing ran are made up for by one job; an
/// occurrence whose predecessor has not ended is left out.
struct Schedule {
  std::string name;  ///< within the organization
  std::string cron;
  std::string zone = "UTC";
  std::string handler;
  json::object payload;
  Priority priority = Priority::normal;
};
struct ScheduleStatus {
  Schedule schedule;
  WallTime next_at;
  std::optional<WallTime> last_at;
};

struct LaneStatus {
  std::string lane;
  std::int64_t ready = 0;  ///< counted no further than 10,000
  int running = 0;         ///< on this node
  int workers = 0;         ///< on this node
};

/// Work that outlives the process: stored in the transaction that wants it done, run at least once
/// by one node at a time.
///
///   queue.add("mail.send.v1", {.max_attempts = 5}, [&](Context ctx, JobRun& run) -> Task<void> {
///     co_return co_await mailer.send(ctx, mail_of(run.payload()), run.idempotency_key());
///   });
///   db.write(ctx, [&](Tx& tx) { ...; return queue.enqueue(tx, {"mail.send.v1", payload}); });
///
/// Leases need no clocks that agree: a node counts up its beat, and is dead when others have seen
/// it stand still for `lease` of their own monotonic time. Its jobs go back to ready, and whatever
/// it still writes about them is refused by their fence. A node that cannot beat cancels what it
/// runs.
class Queue {
 public:
  struct Options {
    std::map<std::string, int> workers{{"default", 16}};  ///< of each lane, at once
    Duration poll = 1s;  ///< for jobs of other nodes; own ones are signalled
    /// The same while a broker brings news of other nodes' jobs: for the notices that were lost.
    Duration sweep = 30s;
    Duration lease = 30s;
    Duration keep_finished = 24h;
    Duration keep_dead = 24h * 90;
  };
  /// All of them outlive the queue. `executor` runs the handlers.
  struct Parts {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    store::Database& database;
    metrics::Registry& registry;
    trace::Tracer& tracer;
    /// Tells other nodes of jobs; none: they look. Started and stopped with the queue.
    Broker* broker = nullptr;
  };
  explicit Queue(Parts parts);
  Queue(Parts parts, Options options);
  ~Queue();  ///< stop() must have completed, or start() was never called

  /// Before start(). The name is persisted and never reused for something else. Throws
  /// std::logic_error when it is taken, or the lane has no workers.
  void add(std::string name, HandlerOptions options, Handler handler);
  /// Without start(), jobs are stored and not run: a node with another role.
  void start();
  /// Cancels the handlers and hands their jobs back, which does not count as an attempt.
  /// Idempotent.
  asio::awaitable<void> stop();

  /// In the caller's transaction; workers are woken after its commit. Errors: not_found (no such
  /// handler, naming the nearest), invalid, too_large, conflict (the job that had the key ended at
  /// this moment; only in a transaction that is read_committed()).
  Result<Enqueued> enqueue(store::Tx& tx, NewJob job);
  Task<Enqueued> enqueue(Context ctx, NewJob job);
  /// Many, by one statement for each 128 of them and one more for each that has a group.
  Result<std::vector<Enqueued>> enqueue_all(store::Tx& tx, std::vector<NewJob> jobs);

  /// ctx.organization bounds what is seen and touched; empty: everything, for internal use.
  /// Errors: not_found.
  Task<Job> find(Context ctx, JobId id);
  /// Of ctx.organization alone. Errors: invalid (sort).
  Task<store::Listed<Job>> list(Context ctx, JobFilter filter);
  /// At once if it has not begun; a running one is cancelled on its node, within lease / 3 on
  /// another one. Errors: not_found, conflict (it has ended).
  Task<void> cancel(Context ctx, JobId id);
  /// Dead letters after `after`, oldest first, at most `limit` (1..1000).
  Task<std::vector<Job>> dead_letters(Context ctx, JobId after, std::size_t limit);
  /// From the start, with all its attempts, and no longer unique. Errors: not_found (or not dead).
  Task<void> replay(Context ctx, JobId id);
  /// Errors: not_found (or not dead).
  Task<void> discard(Context ctx, JobId id);

  /// Adds or changes; the next occurrence stays when cron and zone do. Errors: invalid, not_found.
  Task<void> schedule(Context ctx, Schedule schedule);
  Task<void> unschedule(Context ctx, std::string name);  ///< idempotent
  Task<std::vector<ScheduleStatus>> schedules(Context ctx);

  Task<std::vector<LaneStatus>> lanes(Context ctx);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::queue
