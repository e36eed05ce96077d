#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/json.hpp"
#include "parley/queue/queue.hpp"

namespace parley::saga {

using SagaId = Id<"saga">;

/// What a step is given. The key is stored before the effect and the same in every attempt, also
/// after a crash; hand it to the service outside.
struct StepContext {
  Context ctx;
  std::string idempotency_key;  ///< "<saga>/<step>"
  json::object input;           ///< of the saga
  json::object results;         ///< of the steps before, by their names
};

/// Whether running a step again under the same key has the effect of running it once: everything
/// in our own database, and services that honour idempotency keys.
enum class Repeat { unsafe, safe };

struct Step {
  std::string name;  ///< persisted; unique within the saga
  /// Errors: timeout, unavailable, rate_limited (nothing happened: tried again, not before
  /// retry_after), outcome_unknown, corrupt (reconciled, or repeated when that is safe; so is what
  /// is thrown, or cut off), everything else (nothing happened, nor will: the saga is undone).
  std::function<Task<json::value>(StepContext)> run;
  /// Takes the effect back; null as result when nobody knows whether there was one. Idempotent:
  /// undoing what is undone, or never happened, succeeds. Empty: there is nothing to undo.
  std::function<Task<void>(StepContext, json::value result)> undo;
  /// Looks whether the effect happened: its result, or nothing. An error: still unknown.
  /// Needed unless the step is safe to repeat.
  std::function<Task<std::optional<json::value>>(StepContext)> reconcile;
  Repeat repeat = Repeat::unsafe;
  Duration timeout = 30s;     ///< of each attempt, look or undoing
  int max_attempts = 5;       ///< then the saga is undone
  int max_checks = 20;        ///< reconciliations and undoings; then it is stuck
  Duration first_pause = 1s;  ///< doubled each time
  Duration longest_pause = 5min;
};

/// A name, persisted and never reused, and steps in order. Changed steps are a new name.
struct SagaType {
  std::string name;
  std::vector<Step> steps;
};

///   running ──(last step done)──► completed
///   running ──(a step failed for good)──► compensating ──(all undone, last first)──► failed
///   running, compensating ──(cannot be looked up or undone)──► stuck ──(resume)──► as it was
enum class SagaStatus { running, compensating, completed, failed, stuck };
std::string_view to_string(SagaStatus status) noexcept;
std::optional<SagaStatus> parse_saga_status(std::string_view text) noexcept;

///   pending ─► started ─► done ─► undone          started: the effect may be under way
///                 │ ▲
///                 ▼ │ looked up: it did not happen
///               unknown ─(it happened)─► done
enum class StepStatus { pending, started, unknown, done, failed, undone };
std::string_view to_string(StepStatus status) noexcept;

struct StepView {
  std::string name;
  StepStatus status = StepStatus::pending;
  std::int64_t attempts = 0;
  std::int64_t checks = 0;
  std::int64_t undo_attempts = 0;
  json::value result;
  std::string last_error;
};
struct SagaView {
  SagaId id;
  OrganizationId organization;
  std::string type;
  SagaStatus status = SagaStatus::running;
  std::size_t step = 0;  ///< that runs, or is undone next
  json::object input;
  std::string last_error;
  std::vector<StepView> steps;
  WallTime started_at;
  WallTime updated_at;
  std::optional<WallTime> ended_at;
};

struct NewSaga {
  std::string type;
  json::object input;  ///< at most 256 KiB
  /// The same key of the same organization starts one saga. Empty: always another one.
  std::string key;
};

/// Which sagas of an organization a list shows.
struct SagaFilter {
  std::optional<SagaStatus> status;
  std::string type;
  std::int64_t page = 1;
  std::int64_t limit = 50;
  std::string sort;  ///< "createdAt" or "-createdAt"; empty: the newest first
};

/// Coordinates sagas: each runs inside a job of the queue, which gives it one worker at a time,
/// wakes it again and takes it over from a node that died; every write names the fence it was
/// taken up with, so that a worker that lost its job changes nothing. Pauses are delayed jobs.
///
/// Events on the stream "saga/<id>": saga.started, saga.step_completed, saga.compensating,
/// saga.completed, saga.failed, saga.stuck.
class Sagas {
 public:
  /// Registers its handler with the queue, which is not started yet and has a lane "saga". All
  /// outlive the queue.
  Sagas(Clock& clock, Random& random, store::Database& database, queue::Queue& queue);
  ~Sagas();

  /// Before the queue starts. Throws std::logic_error for a taken name, no steps, two steps of one
  /// name, or a step that is neither safe to repeat nor can be reconciled.
  void add(SagaType type);

  /// In the caller's transaction. Errors: not_found (no such type, naming the nearest), too_large,
  /// invalid.
  Result<SagaId> start(store::Tx& tx, NewSaga saga);
  Task<SagaId> start(Context ctx, NewSaga saga);

  /// ctx.organization bounds what is seen and touched; empty: everything. Errors: not_found.
  Task<SagaView> find(Context ctx, SagaId id);
  /// Of ctx.organization alone, without their steps. Errors: invalid (sort).
  Task<store::Listed<SagaView>> list(Context ctx, SagaFilter filter);
  /// Those that have not ended, after `after` in order of id, at most `limit` (1..1000).
  Task<std::vector<SagaView>> open(Context ctx, SagaId after, std::size_t limit);
  /// Goes on with one that is stuck, or whose job died, with all its attempts. Errors: not_found,
  /// conflict (it has ended).
  Task<void> resume(Context ctx, SagaId id);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::saga
