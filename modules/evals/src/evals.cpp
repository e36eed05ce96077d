#include "parley/evals/evals.hpp"

#include <fmt/format.h>

#include "eval_rows.hpp"

namespace parley::evals {

namespace {

constexpr const char* handler_name = "evals.run.v1";
constexpr std::size_t most_scenarios = 200;

std::int64_t ms(Duration duration) { return duration / std::chrono::milliseconds(1); }

/// The one scenario that a kept document has.
Result<Scenario> read_document(const KeptScenario& kept) {
  auto scenarios = read_scenarios(kept.document, "document");
  if (!scenarios) return std::unexpected(scenarios.error());
  if (scenarios->size() != 1)
    return fail(Errc::invalid, "document: one scenario is kept at a time");
  return std::move(scenarios->front());
}

json::object attempt_json(const Observed& call, const std::vector<Verdict>& verdicts) {
  json::array all;
  for (const auto& verdict : verdicts)
    all.push_back(json::object{
        {"passed", verdict.passed},
        {"expected", verdict.expected},
        {"found", verdict.found},
        {"tookMs", verdict.took ? json::value(ms(*verdict.took)) : json::value(nullptr)}});
  return {{"passed", all_passed(verdicts)}, {"callId", call.call_id},
          {"lengthMs", ms(call.length)},    {"error", nullptr},
          {"verdicts", std::move(all)},     {"transcript", call.transcript()}};
}

json::object attempt_json(const Error& error) {
  return {{"passed", false},           {"callId", ""},    {"lengthMs", 0}, {"error", error.detail},
          {"verdicts", json::array{}}, {"transcript", ""}};
}

}  // namespace

std::vector<Change> compare(const EvalRun& before, const EvalRun& now) {
  std::vector<Change> changes;
  for (const auto& result : now.results) {
    auto earlier = std::ranges::find(before.results, result.scenario, &ScenarioResult::scenario);
    if (earlier == before.results.end() || earlier->state == result.state) continue;
    changes.push_back({result.name, earlier->state, result.state});
  }
  return changes;
}

class Evals::Impl : public std::enable_shared_from_this<Evals::Impl> {
 public:
  explicit Impl(Parts parts) : parts_(parts) {}

  void register_job() {
    queue::HandlerOptions how;
    how.max_attempts = 2;
    how.time_limit = 60min;
    parts_.queue.add(handler_name, how, [weak = weak_from_this()](Context ctx, queue::JobRun& job) {
      return run_job(weak.lock(), std::move(ctx), job);
    });
  }

  Task<KeptScenario> add(Context ctx, KeptScenario kept) {
    auto read = read_document(kept);
    if (!read) co_return std::unexpected(read.error());
    kept.id = ScenarioId::make(parts_.clock, parts_.random);
    kept.name = read->name;
    kept.version = 1;
    co_return co_await parts_.database.write(ctx, [kept](store::Tx& tx) -> Result<KeptScenario> {
      auto profile = business::load_profile(tx, tx.context().organization, kept.business);
      if (!profile) return std::unexpected(profile.error());
      auto made = kept;
      made.created = made.updated = tx.now();
      if (auto done = rows::insert(tx, made); !done) return std::unexpected(done.error());
      return made;
    });
  }

  Task<KeptScenario> update(Context ctx, KeptScenario kept, std::int64_t expected) {
    auto read = read_document(kept);
    if (!read) co_return std::unexpected(read.error());
    kept.name = read->name;
    co_return co_await parts_.database.write(
        ctx, [kept, expected](store::Tx& tx) -> Result<KeptScenario> {
          auto there = rows::scenario(tx, kept.id);
          if (!there) return there;
          if (expected != 0 && there->version != expected)
            return fail(Errc::conflict, "the scenario was changed in the meantime");
          there->name = kept.name;
          there->document = kept.document;
          there->required = kept.required;
          ++there->version;
          there->updated = tx.now();
          if (auto done = rows::update(tx, *there); !done) return std::unexpected(done.error());
          return there;
        });
  }

  Task<void> remove(Context ctx, ScenarioId id, std::int64_t expected) {
    co_return co_await parts_.database.write(ctx, [id, expected](store::Tx& tx) -> Result<void> {
      auto there = rows::scenario(tx, id);
      if (!there) return std::unexpected(there.error());
      if (expected != 0 && there->version != expected)
        return fail(Errc::conflict, "the scenario was changed in the meantime");
      return rows::remove(tx, id);
    });
  }

  Task<EvalRun> start(Context ctx, NewRun request) {
    co_return co_await parts_.database.write(
        ctx, [this, request](store::Tx& tx) { return begin(tx, request); });
  }

  /// A run whose job came to its end without finishing it was given up.
  Task<Compared> get(Context ctx, EvalRunId id) {
    struct Found {
      rows::StoredRun stored;
      std::optional<EvalRun> before;
    };
    auto found = co_await parts_.database.read(ctx, [id](store::Tx& tx) -> Result<Found> {
      auto stored = rows::run(tx, id);
      if (!stored) return std::unexpected(stored.error());
      auto before = rows::finished_before(tx, stored->run);
      if (!before) return std::unexpected(before.error());
      return Found{std::move(*stored), std::move(*before)};
    });
    if (!found) co_return std::unexpected(found.error());
    Compared compared{std::move(found->stored.run), std::move(found->before)};
    bool goes_on =
        compared.run.status == EvalStatus::queued || compared.run.status == EvalStatus::running;
    if (!goes_on) co_return compared;
    auto looking = parts_.queue.find(ctx, found->stored.job);
    auto job = co_await std::move(looking);
    bool gone =
        job ? job->state == queue::JobState::dead || job->state == queue::JobState::cancelled
            : job.error().code == Errc::not_found;
    if (gone) compared.run.status = EvalStatus::interrupted;
    co_return compared;
  }

  Parts parts_;

 private:
  static Task<void> run_job(std::shared_ptr<Impl> self, Context ctx, queue::JobRun& job) {
    if (!self) co_return fail(Errc::unavailable, "the server is stopping");
    auto work = self->call_all(std::move(ctx), job);
    co_return co_await std::move(work);
  }

  Result<std::int64_t> version_wanted(store::Tx& tx, const NewRun& request) {
    if (request.agent_version != 0) return request.agent_version;
    auto draft = business::agent_draft_number(tx, tx.context().organization, request.business);
    if (!draft) return draft;
    if (*draft != 0) return draft;
    return business::agent_version_in_force(tx, tx.context().organization, request.business);
  }

  Result<EvalRun> begin(store::Tx& tx, const NewRun& request) {
    auto number = version_wanted(tx, request);
    if (!number) return std::unexpected(number.error());
    auto agent =
        business::load_agent_version(tx, tx.context().organization, request.business, *number);
    if (!agent) return std::unexpected(agent.error());
    EvalRun run;
    run.id = EvalRunId::make(parts_.clock, parts_.random);
    run.business = request.business;
    run.agent_version = agent->number;
    run.agent_revision = agent->revision;
    run.created = tx.now();
    auto add = [&run](const KeptScenario& kept) {
      ScenarioResult result;
      result.scenario = kept.id;
      result.scenario_version = kept.version;
      result.name = kept.name;
      run.results.push_back(std::move(result));
    };
    for (const auto& id : request.scenarios) {
      auto kept = rows::scenario(tx, id);
      if (!kept) return std::unexpected(kept.error());
      if (kept->business != request.business) return fail(Errc::not_found, "no such scenario");
      add(*kept);
    }
    if (request.scenarios.empty()) {
      auto all = rows::scenarios(tx, {.business = request.business, .limit = most_scenarios});
      if (!all) return std::unexpected(all.error());
      for (const auto& kept : all->items) add(kept);
    }
    if (run.results.empty()) return fail(Errc::conflict, "the business has no scenario to run");
    queue::NewJob job;
    job.handler = handler_name;
    job.unique_key = std::string(handler_name) + "/" + request.business.str();
    auto enqueued = parts_.queue.enqueue(tx, job);
    if (!enqueued) return std::unexpected(enqueued.error());
    // One run of a business at a time: its calls would meet in the calendar.
    if (auto going = rows::run_of_job(tx, enqueued->id)) {
      bool same = going->agent_version == run.agent_version;
      if (same) return going;
      return fail(Errc::conflict,
                  fmt::format("a run of version {} goes on already", going->agent_version));
    }
    if (auto kept = rows::insert(tx, run, enqueued->id); !kept)
      return std::unexpected(kept.error());
    return run;
  }

  struct Prepared {
    EvalRun run;
    business::AgentVersion agent;
    std::vector<Scenario> scenarios;
  };
  Result<Prepared> prepare(store::Tx& tx, const JobId& job) {
    auto run = rows::run_of_job(tx, job);
    if (!run) return std::unexpected(run.error());
    auto agent = business::load_agent_version(tx, tx.context().organization, run->business,
                                              run->agent_version);
    if (!agent) return std::unexpected(agent.error());
    Prepared prepared{std::move(*run), std::move(*agent), {}};
    prepared.run.agent_revision = prepared.agent.revision;
    prepared.run.status = EvalStatus::running;
    prepared.run.started = tx.now();
    std::vector<ScenarioResult> results;
    for (auto& result : prepared.run.results) {
      auto kept = rows::scenario(tx, result.scenario);
      if (!kept) continue;  // removed since
      auto read = read_document(*kept);
      if (!read) return std::unexpected(read.error());
      ScenarioResult fresh;
      fresh.scenario = kept->id;
      fresh.scenario_version = kept->version;
      fresh.name = kept->name;
      fresh.needed = read->pass_at_least;
      results.push_back(std::move(fresh));
      prepared.scenarios.push_back(std::move(*read));
    }
    prepared.run.results = std::move(results);
    if (auto kept = rows::update(tx, prepared.run); !kept) return std::unexpected(kept.error());
    return prepared;
  }

  Task<void> call_all(Context ctx, queue::JobRun& job) {
    auto id = job.job().id;
    auto prepared =
        co_await parts_.database.write(ctx, [this, id](store::Tx& tx) { return prepare(tx, id); });
    if (!prepared) co_return std::unexpected(prepared.error());
    auto& run = prepared->run;
    for (std::size_t i = 0; i < run.results.size(); ++i) {
      run.results[i].state = ScenarioResult::State::running;
      auto trying = call_one(ctx, job, *prepared, i);
      if (auto tried = co_await std::move(trying); !tried) co_return tried;
    }
    auto passed = [](auto& result) { return result.state == ScenarioResult::State::passed; };
    bool good = !run.results.empty() && std::ranges::all_of(run.results, passed);
    run.status = good ? EvalStatus::passed : EvalStatus::failed;
    co_return co_await parts_.database.write(ctx, [run, good, &job](store::Tx& tx) -> Result<void> {
      auto ended = run;
      ended.finished = tx.now();
      if (auto kept = rows::update(tx, ended); !kept) return kept;
      store::NewEvent event{.type = good ? "evals.passed" : "evals.failed",
                            .data = {{"runId", run.id.str()},
                                     {"business", run.business.str()},
                                     {"agentVersion", run.agent_version}}};
      if (auto told = tx.append("evals/" + run.id.str(), std::move(event)); !told)
        return std::unexpected(told.error());
      return job.finish(tx);
    });
  }

  Task<void> call_one(Context ctx, queue::JobRun& job, Prepared& prepared, std::size_t at) {
    auto& result = prepared.run.results[at];
    const auto& scenario = prepared.scenarios[at];
    for (int n = 0; n < scenario.repeat; ++n) {
      auto telling = tell(ctx, job, prepared.run, at);
      if (auto told = co_await std::move(telling); !told) co_return told;
      CallPlacer::Callee callee{prepared.run.business, prepared.agent};
      auto placing = parts_.placer.place(ctx, std::move(callee), scenario);
      auto seen = co_await std::move(placing);
      ++result.calls;
      if (seen) {
        auto verdicts = judge(scenario, *seen);
        result.passes += all_passed(verdicts) ? 1 : 0;
        result.attempts.push_back(attempt_json(*seen, verdicts));
      } else {
        result.attempts.push_back(attempt_json(seen.error()));
      }
    }
    bool good = result.passes >= result.needed;
    result.state = good ? ScenarioResult::State::passed : ScenarioResult::State::failed;
    co_return Result<void>{};
  }

  /// What is known so far, for who watches.
  Task<void> tell(Context ctx, queue::JobRun& job, const EvalRun& run, std::size_t at) {
    auto kept =
        co_await parts_.database.write(ctx, [run](store::Tx& tx) { return rows::update(tx, run); });
    if (!kept) co_return kept;
    auto percent = static_cast<int>(at * 100 / run.results.size());
    json::object note{{"runId", run.id.str()}, {"scenario", run.results[at].name}};
    auto noting = job.progress(percent, std::move(note));
    co_return co_await std::move(noting);
  }
};

Evals::Evals(Parts parts) : impl_(std::make_shared<Impl>(parts)) { impl_->register_job(); }
Evals::~Evals() = default;

Task<KeptScenario> Evals::add(Context ctx, KeptScenario scenario) {
  auto work = impl_->add(std::move(ctx), std::move(scenario));
  co_return co_await std::move(work);
}
Task<KeptScenario> Evals::update(Context ctx, KeptScenario scenario, std::int64_t expected) {
  auto work = impl_->update(std::move(ctx), std::move(scenario), expected);
  co_return co_await std::move(work);
}
Task<void> Evals::remove(Context ctx, ScenarioId id, std::int64_t expected) {
  auto work = impl_->remove(std::move(ctx), std::move(id), expected);
  co_return co_await std::move(work);
}
Task<KeptScenario> Evals::get(Context ctx, ScenarioId id) {
  co_return co_await impl_->parts_.database.read(
      ctx, [id](store::Tx& tx) { return rows::scenario(tx, id); });
}
Task<Evals::Page<KeptScenario>> Evals::scenarios(Context ctx, Filter filter) {
  co_return co_await impl_->parts_.database.read(
      ctx, [filter](store::Tx& tx) { return rows::scenarios(tx, filter); });
}
Task<EvalRun> Evals::start(Context ctx, NewRun request) {
  auto work = impl_->start(std::move(ctx), std::move(request));
  co_return co_await std::move(work);
}
Task<Evals::Page<EvalRun>> Evals::runs(Context ctx, Filter filter) {
  co_return co_await impl_->parts_.database.read(
      ctx, [filter](store::Tx& tx) { return rows::runs(tx, filter); });
}
Task<Evals::Compared> Evals::run(Context ctx, EvalRunId id) {
  auto work = impl_->get(std::move(ctx), std::move(id));
  co_return co_await std::move(work);
}

namespace {

class ScenarioGate final : public business::PublishingGate {
 public:
  Result<business::GateAnswer> ask(store::Tx& tx, const BusinessId& business,
                                   const business::AgentVersion& draft) override {
    using Opens = business::GateAnswer::Opens;
    auto all = rows::scenarios(tx, {.business = business, .limit = most_scenarios});
    if (!all) return std::unexpected(all.error());
    std::erase_if(all->items, [](auto& kept) { return !kept.required; });
    if (all->items.empty()) return business::GateAnswer{Opens::yes, "no scenario is required"};
    auto newest = rows::newest(tx, business, draft.number, draft.revision);
    if (!newest) return std::unexpected(newest.error());
    if (!*newest)
      return business::GateAnswer{
          Opens::no, fmt::format("version {} has not been tried as it is now: start a run of its "
                                 "scenarios first",
                                 draft.number)};
    for (const auto& kept : all->items) {
      auto result = std::ranges::find((*newest)->results, kept.id, &ScenarioResult::scenario);
      if (result == (*newest)->results.end() || result->scenario_version != kept.version)
        return business::GateAnswer{
            Opens::no, fmt::format("the scenario '{}' was not part of the last run", kept.name)};
      if (result->state != ScenarioResult::State::passed)
        return business::GateAnswer{Opens::no, fmt::format("the scenario '{}' failed", kept.name)};
    }
    return business::GateAnswer{Opens::yes, "every required scenario passed"};
  }
};

}  // namespace

std::unique_ptr<business::PublishingGate> make_scenario_gate() {
  return std::make_unique<ScenarioGate>();
}

}  // namespace parley::evals
