#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/id.hpp"
#include "parley/base/random.hpp"
#include "parley/queue/queue.hpp"
#include "parley/store/database.hpp"

namespace parley::health {

using RunId = Id<"run">;

/// One thing the integration suite tries. It may run again after a crash, so it cleans up what an
/// earlier attempt left.
struct SuiteStep {
  std::string name;   ///< "appointment.book": small, stable
  std::string group;  ///< "databases", "endpoints", "services", "flow"
  std::string advice;
  Duration time_limit = 20s;
  /// Without what an earlier step of the group made, this one cannot go: it is skipped when one of
  /// the group has failed.
  enum class Needs { nothing, group } needs = Needs::nothing;
  /// What was found, for people. ctx has the sandbox organization.
  std::function<Task<std::string>(Context ctx)> run;
};

enum class StepStatus { waiting, running, passed, failed, skipped };
std::string_view to_string(StepStatus status) noexcept;

struct StepResult {
  std::string name;
  std::string group;
  StepStatus status = StepStatus::waiting;
  std::string detail;  ///< what was found, or the error
  std::string advice;  ///< of a failed one
  Duration took{0};
};

/// queued, running; passed: every step did; failed: one did not; interrupted: its job was given up.
enum class RunStatus { queued, running, passed, failed, interrupted };
std::string_view to_string(RunStatus status) noexcept;
std::optional<RunStatus> parse_run_status(std::string_view text) noexcept;

struct SuiteRun {
  RunId id;
  std::string trigger;  ///< "request" or "schedule"
  RunStatus status = RunStatus::queued;
  std::vector<StepResult> steps;
  WallTime created_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
};

/// What is different from an earlier run: only what passed and does not now, or the other way
/// round, and what is more than twice as slow (and by 100 ms).
struct Difference {
  std::string step;
  StepStatus before = StepStatus::waiting;
  StepStatus now = StepStatus::waiting;
  Duration took_before{0};
  Duration took{0};
};
std::vector<Difference> compare(const SuiteRun& before, const SuiteRun& now);

/// Tries the whole against the live configuration, step by step, as a job: progress shows while it
/// runs, results are kept.
class Suite {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
  };
  struct Options {
    std::string lane = "default";
    /// What the steps make belongs to "<sandbox>_<organization of the run>": two runs at once do
    /// not meet.
    std::string sandbox = "org_sandbox";
    Duration keep = 24h * 90;
  };
  /// Registers its job with the queue, which must not have been started.
  explicit Suite(Parts parts);
  Suite(Parts parts, Options options);
  ~Suite();

  /// Before the queue starts. Throws std::logic_error when the name is taken.
  void add(SuiteStep step);

  /// The run that is queued or running already, or a new one. Errors: those of the database.
  Task<SuiteRun> start(Context ctx);
  /// By cron in a time zone; an empty `cron` ends the schedule. Errors: invalid.
  Task<void> schedule(Context ctx, std::string cron, std::string zone);

  struct Filter {
    std::optional<RunStatus> status;
    std::int64_t page = 1;
    std::int64_t limit = 50;
    std::string sort;  ///< "createdAt" or "-createdAt"; empty: the newest first
  };
  struct Page {
    std::vector<SuiteRun> items;
    std::int64_t total = 0;
  };
  Task<Page> list(Context ctx, Filter filter);
  struct Compared {
    SuiteRun run;
    std::optional<SuiteRun> before;  ///< the finished one before it
  };
  /// Errors: not_found.
  Task<Compared> get(Context ctx, RunId id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parley::health
