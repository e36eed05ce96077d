#pragma once
#include "parley/evals/evals.hpp"

namespace parley::evals::rows {

Result<void> insert(store::Tx& tx, const KeptScenario& scenario);
/// Errors: conflict when its version is not `scenario.version - 1`.
Result<void> update(store::Tx& tx, const KeptScenario& scenario);
Result<KeptScenario> scenario(store::Tx& tx, const ScenarioId& id);
Result<void> remove(store::Tx& tx, const ScenarioId& id);
Result<Evals::Page<KeptScenario>> scenarios(store::Tx& tx, const Evals::Filter& filter);

struct StoredRun {
  EvalRun run;
  JobId job;
};
Result<void> insert(store::Tx& tx, const EvalRun& run, const JobId& job);
Result<void> update(store::Tx& tx, const EvalRun& run);
Result<StoredRun> run(store::Tx& tx, const EvalRunId& id);
Result<EvalRun> run_of_job(store::Tx& tx, const JobId& job);
Result<std::optional<EvalRun>> finished_before(store::Tx& tx, const EvalRun& run);
/// The newest that ended, of a revision of an agent's version.
Result<std::optional<EvalRun>> newest(store::Tx& tx, const BusinessId& business,
                                      std::int64_t agent_version, std::int64_t agent_revision);
Result<Evals::Page<EvalRun>> runs(store::Tx& tx, const Evals::Filter& filter);

}  // namespace parley::evals::rows
