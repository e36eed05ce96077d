#pragma once
#include <functional>
#include <memory>

#include "parley/base/id.hpp"
#include "parley/business/agent_versions.hpp"
#include "parley/evals/judge.hpp"
#include "parley/queue/queue.hpp"

namespace parley::evals {

using ScenarioId = Id<"scn">;
using EvalRunId = Id<"eval">;

/// A scenario that is kept for a business.
struct KeptScenario {
  ScenarioId id;
  BusinessId business;
  std::string name;
  std::string document;  ///< YAML, one scenario
  bool required = true;  ///< must pass before a draft is published through the gate
  std::int64_t version = 1;
  WallTime created;
  WallTime updated;
};

/// How a scenario came out in a run.
struct ScenarioResult {
  ScenarioId scenario;
  std::int64_t scenario_version = 0;
  std::string name;
  enum class State { waiting, running, passed, failed } state = State::waiting;
  int passes = 0;
  int calls = 0;
  int needed = 1;
  json::array attempts;  ///< of each call: id, times, verdicts, transcript, error
};
std::string_view to_string(ScenarioResult::State state) noexcept;

enum class EvalStatus { queued, running, passed, failed, interrupted };
std::string_view to_string(EvalStatus status) noexcept;
std::optional<EvalStatus> parse_eval_status(std::string_view text) noexcept;

/// One scorecard.
struct EvalRun {
  EvalRunId id;
  BusinessId business;
  std::int64_t agent_version = 0;
  std::int64_t agent_revision = 0;
  EvalStatus status = EvalStatus::queued;
  std::vector<ScenarioResult> results;
  WallTime created;
  std::optional<WallTime> started;
  std::optional<WallTime> finished;
};

/// What came out differently than in an earlier run.
struct Change {
  std::string name;
  ScenarioResult::State before;
  ScenarioResult::State now;
};
std::vector<Change> compare(const EvalRun& before, const EvalRun& now);

/// Holds the calls: bound in wiring to a simulated caller. Thread-safe.
class CallPlacer {
 public:
  virtual ~CallPlacer() = default;
  struct Callee {
    BusinessId business;
    business::AgentVersion agent;  ///< the call is held with this version, in force or not
  };
  /// One call. What it booked is taken back before it returns. Errors: unavailable.
  virtual Task<Observed> place(Context ctx, Callee callee, Scenario scenario) = 0;
};

/// Scenarios and scorecards of an organization, bound to ctx.organization. Thread-safe.
class Evals {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
    CallPlacer& placer;
  };
  /// Registers its job with the queue, which must not have been started. All outlive it.
  explicit Evals(Parts parts);
  ~Evals();

  /// The document is read first. Errors: invalid (with its problems), not_found (the business).
  Task<KeptScenario> add(Context ctx, KeptScenario scenario);
  /// Errors: not_found, invalid, conflict (`expected_version`, 0: don't care).
  Task<KeptScenario> update(Context ctx, KeptScenario scenario, std::int64_t expected_version);
  Task<KeptScenario> get(Context ctx, ScenarioId id);
  Task<void> remove(Context ctx, ScenarioId id, std::int64_t expected_version);
  struct Filter {
    BusinessId business;  ///< empty: all
    std::optional<EvalStatus> status;
    std::int64_t agent_version = 0;  ///< 0: all
    std::int64_t page = 1;
    std::int64_t limit = 50;
    std::string sort;  ///< createdAt, of scenarios also name; empty: runs the newest first
  };
  template <class Item>
  struct Page {
    std::vector<Item> items;
    std::int64_t total = 0;
  };
  Task<Page<KeptScenario>> scenarios(Context ctx, Filter filter);

  struct NewRun {
    BusinessId business;
    std::int64_t agent_version = 0;     ///< 0: the draft, or without one what is in force
    std::vector<ScenarioId> scenarios;  ///< empty: all of the business
  };
  /// As a job; while one of the same version goes on, that one. Errors: not_found, conflict (there
  /// is no scenario; a run of another version of this business goes on).
  Task<EvalRun> start(Context ctx, NewRun request);
  Task<Page<EvalRun>> runs(Context ctx, Filter filter);
  struct Compared {
    EvalRun run;
    std::optional<EvalRun> before;  ///< the finished one of the business before it
  };
  Task<Compared> run(Context ctx, EvalRunId id);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// Opens for a draft whose newest finished run, of this revision, passed with every required
/// scenario as it is now. A business without required scenarios has nothing that could fail.
std::unique_ptr<business::PublishingGate> make_scenario_gate();

}  // namespace parley::evals
