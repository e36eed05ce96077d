#include "parley/health/suite.hpp"

#include <algorithm>
#include <stdexcept>

#include "parley/base/task_group.hpp"
#include "run_rows.hpp"

namespace parley::health {

namespace {

constexpr const char* handler_name = "integration.test-all.v1";
constexpr const char* schedule_name = "integration suite";
constexpr Duration slower_by = 100ms;

}  // namespace

std::vector<Difference> compare(const SuiteRun& before, const SuiteRun& now) {
  std::vector<Difference> differences;
  for (const auto& step : now.steps) {
    auto earlier = std::ranges::find(before.steps, step.name, &StepResult::name);
    if (earlier == before.steps.end()) continue;
    bool slower = step.status == StepStatus::passed && step.took > earlier->took * 2 &&
                  step.took > earlier->took + slower_by;
    if (step.status == earlier->status && !slower) continue;
    differences.push_back({.step = step.name,
                           .before = earlier->status,
                           .now = step.status,
                           .took_before = earlier->took,
                           .took = step.took});
  }
  return differences;
}

class Suite::Impl : public std::enable_shared_from_this<Suite::Impl> {
 public:
  Impl(Parts parts, Options options) : parts_(parts), options_(std::move(options)) {}

  void register_job() {
    queue::HandlerOptions how;
    how.lane = options_.lane;
    how.max_attempts = 2;
    how.time_limit = 30min;
    parts_.queue.add(handler_name, how, [weak = weak_from_this()](Context ctx, queue::JobRun& job) {
      return run_job(weak.lock(), std::move(ctx), job);
    });
  }

  void add(SuiteStep step) {
    if (std::ranges::any_of(steps_, [&](auto& other) { return other.name == step.name; }))
      throw std::logic_error("two steps of the integration suite are named " + step.name);
    steps_.push_back(std::move(step));
  }

  Task<SuiteRun> start(Context ctx) {
    queue::NewJob job;
    job.handler = handler_name;
    job.unique_key = handler_name;
    co_return co_await parts_.database.write(ctx, [this, job](store::Tx& tx) -> Result<SuiteRun> {
      auto enqueued = parts_.queue.enqueue(tx, job);
      if (!enqueued) return std::unexpected(enqueued.error());
      return find_or_make(tx, enqueued->id, "request");
    });
  }

  Task<void> schedule(Context ctx, std::string cron, std::string zone) {
    if (cron.empty()) {
      auto ending = parts_.queue.unschedule(ctx, schedule_name);
      co_return co_await std::move(ending);
    }
    queue::Schedule schedule;
    schedule.name = schedule_name;
    schedule.cron = std::move(cron);
    schedule.zone = std::move(zone);
    schedule.handler = handler_name;
    auto scheduling = parts_.queue.schedule(ctx, std::move(schedule));
    co_return co_await std::move(scheduling);
  }

  Task<Page> list(Context ctx, Filter filter) {
    co_return co_await parts_.database.read(
        ctx, [filter](store::Tx& tx) { return RunRows::list(tx, filter); });
  }

  /// A run whose job came to its end without finishing it was given up.
  Task<Compared> get(Context ctx, RunId id) {
    struct Found {
      RunRows::Stored stored;
      std::optional<SuiteRun> before;
    };
    auto found = co_await parts_.database.read(ctx, [id](store::Tx& tx) -> Result<Found> {
      auto stored = RunRows::get(tx, id);
      if (!stored) return std::unexpected(stored.error());
      auto before = RunRows::before(tx, id);
      if (!before) return std::unexpected(before.error());
      return Found{std::move(*stored), std::move(*before)};
    });
    if (!found) co_return std::unexpected(found.error());
    Compared compared{.run = std::move(found->stored.run), .before = std::move(found->before)};
    auto status = compared.run.status;
    if (status != RunStatus::queued && status != RunStatus::running) co_return compared;
    auto looking = parts_.queue.find(ctx, found->stored.job);
    auto job = co_await std::move(looking);
    bool gone =
        job ? job->state == queue::JobState::dead || job->state == queue::JobState::cancelled
            : job.error().code == Errc::not_found;
    if (gone) compared.run.status = RunStatus::interrupted;
    co_return compared;
  }

 private:
  static Task<void> run_job(std::shared_ptr<Impl> self, Context ctx, queue::JobRun& job) {
    if (!self) co_return fail(Errc::unavailable, "the server is stopping");
    auto work = self->try_all(std::move(ctx), job);
    co_return co_await std::move(work);
  }

  Result<SuiteRun> find_or_make(store::Tx& tx, const JobId& job, std::string trigger) {
    auto there = RunRows::of_job(tx, job);
    if (!there) return std::unexpected(there.error());
    if (*there) return std::move(**there);
    SuiteRun run;
    run.id = RunId::make(parts_.clock, parts_.random);
    run.trigger = std::move(trigger);
    run.steps = waiting();
    run.created_at = tx.now();
    if (auto kept = RunRows::insert(tx, run, job); !kept) return std::unexpected(kept.error());
    return run;
  }

  std::vector<StepResult> waiting() const {
    std::vector<StepResult> results;
    for (const auto& step : steps_) {
      StepResult result;
      result.name = step.name;
      result.group = step.group;
      results.push_back(std::move(result));
    }
    return results;
  }

  Task<void> try_all(Context ctx, queue::JobRun& job) {
    auto id = job.job().id;
    auto begun = co_await parts_.database.write(ctx, [this, id](store::Tx& tx) -> Result<SuiteRun> {
      auto run = find_or_make(tx, id, "schedule");
      if (!run) return run;
      run->steps = waiting();
      run->status = RunStatus::running;
      run->started_at = tx.now();
      if (auto kept = RunRows::update(tx, *run); !kept) return std::unexpected(kept.error());
      return run;
    });
    if (!begun) co_return std::unexpected(begun.error());
    auto run = std::move(*begun);
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      run.steps[i].status = StepStatus::running;
      auto telling = tell(ctx, job, run, i);
      if (auto told = co_await std::move(telling); !told) co_return told;
      auto trying = try_step(ctx, steps_[i], run);
      run.steps[i] = co_await std::move(trying);
    }
    bool good = std::ranges::all_of(run.steps,
                                    [](auto& step) { return step.status == StepStatus::passed; });
    run.status = good ? RunStatus::passed : RunStatus::failed;
    co_return co_await parts_.database.write(ctx, [this, run, &job](store::Tx& tx) -> Result<void> {
      auto ended = run;
      ended.finished_at = tx.now();
      if (auto kept = RunRows::update(tx, ended); !kept) return kept;
      store::NewEvent event{.type = good_or_bad(run),
                            .data = {{"runId", run.id.str()}, {"failed", failed(run)}}};
      if (auto told = tx.append("integration/" + run.id.str(), std::move(event)); !told)
        return std::unexpected(told.error());
      if (auto swept = RunRows::remove_older(tx, tx.now() - keep()); !swept) return swept;
      return job.finish(tx);
    });
  }

  static std::string good_or_bad(const SuiteRun& run) {
    return run.status == RunStatus::passed ? "integration.passed" : "integration.failed";
  }
  static json::array failed(const SuiteRun& run) {
    json::array names;
    for (const auto& step : run.steps)
      if (step.status == StepStatus::failed) names.emplace_back(step.name);
    return names;
  }
  std::chrono::milliseconds keep() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(options_.keep);
  }

  /// What is known so far, for who watches.
  Task<void> tell(Context ctx, queue::JobRun& job, const SuiteRun& run, std::size_t at) {
    auto kept = co_await parts_.database.write(
        ctx, [run](store::Tx& tx) { return RunRows::update(tx, run); });
    if (!kept) co_return kept;
    auto percent = static_cast<int>(at * 100 / run.steps.size());
    json::object note{{"runId", run.id.str()}, {"step", run.steps[at].name}};
    auto noting = job.progress(percent, std::move(note));
    co_return co_await std::move(noting);
  }

  asio::awaitable<StepResult> try_step(Context ctx, const SuiteStep& step, const SuiteRun& run) {
    StepResult result;
    result.name = step.name;
    result.group = step.group;
    auto failed_before = [&](const StepResult& other) {
      return other.group == step.group && other.status == StepStatus::failed;
    };
    if (step.needs == SuiteStep::Needs::group && std::ranges::any_of(run.steps, failed_before)) {
      result.status = StepStatus::skipped;
      result.detail = "an earlier step of the group failed";
      co_return result;
    }
    auto began = parts_.clock.now();
    auto scope = ctx.until(began + step.time_limit);
    scope.organization = OrganizationId(options_.sandbox + "_" + ctx.organization.str());
    scope.principal = {Principal::Kind::system, "integration suite", Role::owner};
    Result<std::string> found = fail(Errc::unavailable, "the step failed");
    try {
      auto work = step.run(scope);
      auto limited = with_deadline(parts_.clock, scope.deadline, std::move(work));
      found = co_await std::move(limited);
    } catch (const boost::system::system_error& stopped) {
      if (stopped.code() == asio::error::operation_aborted) throw;
      found = fail(Errc::unavailable, stopped.what());
    } catch (const std::exception& thrown) {
      found = fail(Errc::unavailable, thrown.what());
    }
    result.took = parts_.clock.now() - began;
    result.status = found ? StepStatus::passed : StepStatus::failed;
    result.detail = found ? *found : found.error().detail;
    if (!found) result.advice = step.advice;
    co_return result;
  }

  Parts parts_;
  Options options_;
  std::vector<SuiteStep> steps_;
};

Suite::Suite(Parts parts) : Suite(parts, Options{}) {}
Suite::Suite(Parts parts, Options options)
    : impl_(std::make_shared<Impl>(parts, std::move(options))) {
  impl_->register_job();
}
Suite::~Suite() = default;

void Suite::add(SuiteStep step) { impl_->add(std::move(step)); }
Task<SuiteRun> Suite::start(Context ctx) {
  auto work = impl_->start(std::move(ctx));
  co_return co_await std::move(work);
}
Task<void> Suite::schedule(Context ctx, std::string cron, std::string zone) {
  auto work = impl_->schedule(std::move(ctx), std::move(cron), std::move(zone));
  co_return co_await std::move(work);
}
Task<Suite::Page> Suite::list(Context ctx, Filter filter) {
  auto work = impl_->list(std::move(ctx), std::move(filter));
  co_return co_await std::move(work);
}
Task<Suite::Compared> Suite::get(Context ctx, RunId id) {
  auto work = impl_->get(std::move(ctx), std::move(id));
  co_return co_await std::move(work);
}

}  // namespace parley::health
