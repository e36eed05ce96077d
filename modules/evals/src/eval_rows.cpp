#include "eval_rows.hpp"

#include <fmt/format.h>

#include <array>

#include "parley/store/sort.hpp"

namespace parley::evals {

namespace {

constexpr std::array statuses{std::string_view("queued"), std::string_view("running"),
                              std::string_view("passed"), std::string_view("failed"),
                              std::string_view("interrupted")};
constexpr std::array states{std::string_view("waiting"), std::string_view("running"),
                            std::string_view("passed"), std::string_view("failed")};

template <class Names>
std::size_t index_of(const Names& names, std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find(names, text) - names.begin());
}

}  // namespace

std::string_view to_string(EvalStatus status) noexcept {
  return statuses[static_cast<std::size_t>(status)];
}
std::string_view to_string(ScenarioResult::State state) noexcept {
  return states[static_cast<std::size_t>(state)];
}
std::optional<EvalStatus> parse_eval_status(std::string_view text) noexcept {
  auto at = index_of(statuses, text);
  if (at == statuses.size()) return std::nullopt;
  return static_cast<EvalStatus>(at);
}

namespace rows {

namespace {

Result<void> nothing(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

KeptScenario read_scenario(const store::Row& row) {
  KeptScenario kept;
  kept.id = row.id<ScenarioId>("id");
  kept.business = row.id<BusinessId>("business_id");
  kept.name = row.text("name");
  kept.document = row.text("document");
  kept.required = row.flag("required");
  kept.version = row.integer("version");
  kept.created = row.time("created_at");
  kept.updated = row.time("updated_at");
  return kept;
}

std::string results_text(const std::vector<ScenarioResult>& results) {
  json::array list;
  for (const auto& result : results)
    list.push_back(json::object{{"scenario", result.scenario.str()},
                                {"version", result.scenario_version},
                                {"name", result.name},
                                {"state", to_string(result.state)},
                                {"passes", result.passes},
                                {"calls", result.calls},
                                {"needed", result.needed},
                                {"attempts", result.attempts}});
  return json::serialize(list);
}

std::int64_t integer_in(const json::object& object, std::string_view field) {
  auto* value = object.if_contains(field);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::vector<ScenarioResult> results_of(const json::value& stored) {
  std::vector<ScenarioResult> results;
  if (!stored.is_array()) return results;
  for (const auto& item : stored.get_array()) {
    if (!item.is_object()) continue;
    const auto& object = item.get_object();
    ScenarioResult result;
    result.scenario = ScenarioId(text_in(object, "scenario"));
    result.scenario_version = integer_in(object, "version");
    result.name = text_in(object, "name");
    auto state = index_of(states, text_in(object, "state"));
    if (state < states.size()) result.state = static_cast<ScenarioResult::State>(state);
    result.passes = static_cast<int>(integer_in(object, "passes"));
    result.calls = static_cast<int>(integer_in(object, "calls"));
    result.needed = static_cast<int>(integer_in(object, "needed"));
    if (auto* attempts = object.if_contains("attempts"); attempts && attempts->is_array())
      result.attempts = attempts->get_array();
    results.push_back(std::move(result));
  }
  return results;
}

EvalRun read_run(const store::Row& row) {
  EvalRun run;
  run.id = row.id<EvalRunId>("id");
  run.business = row.id<BusinessId>("business_id");
  run.agent_version = row.integer("agent_version");
  run.agent_revision = row.integer("agent_revision");
  run.status = parse_eval_status(row.text("status")).value_or(EvalStatus::interrupted);
  run.results = results_of(row.json("results"));
  run.created = row.time("created_at");
  run.started = row.optional_time("started_at");
  run.finished = row.optional_time("finished_at");
  return run;
}

Result<std::optional<EvalRun>> first_of(Result<store::Rows> rows) {
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<EvalRun>();
  return std::optional(read_run(rows->front()));
}

/// A page of a table of this organization's.
template <class Item>
Result<Evals::Page<Item>> page_of(store::Tx& tx, std::string_view table,
                                  const Evals::Filter& filter,
                                  std::span<const store::SortField> fields,
                                  std::string_view otherwise, std::string where,
                                  store::Params params, Item (*read)(const store::Row&)) {
  if (filter.business) {
    params.emplace_back(filter.business);
    where += fmt::format(" AND business_id = ?{}", params.size());
  }
  auto total =
      tx.one(fmt::format("SELECT COUNT(*) AS many FROM {} WHERE {}", table, where), params);
  if (!total) return std::unexpected(total.error());
  auto order = store::order_by(filter.sort, fields, otherwise);
  if (!order) return std::unexpected(order.error());
  params.emplace_back(filter.limit);
  params.emplace_back((filter.page - 1) * filter.limit);
  auto rows = tx.query(fmt::format("SELECT * FROM {} WHERE {}{} LIMIT ?{} OFFSET ?{}", table, where,
                                   *order, params.size() - 1, params.size()),
                       params);
  if (!rows) return std::unexpected(rows.error());
  Evals::Page<Item> page;
  page.total = total->integer("many");
  for (const auto& row : *rows) page.items.push_back(read(row));
  return page;
}

}  // namespace

Result<void> insert(store::Tx& tx, const KeptScenario& kept) {
  return nothing(tx.execute(
      "INSERT INTO eval_scenarios (id, organization_id, business_id, name, document, required, "
      "version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {kept.id, tx.context().organization, kept.business, kept.name, kept.document,
       kept.required ? 1 : 0, kept.version, kept.created, kept.updated}));
}

Result<void> update(store::Tx& tx, const KeptScenario& kept) {
  auto changed = tx.execute(
      "UPDATE eval_scenarios SET name = ?1, document = ?2, required = ?3, version = ?4, "
      "updated_at = ?5 WHERE organization_id = ?6 AND id = ?7 AND version = ?4 - 1",
      {kept.name, kept.document, kept.required ? 1 : 0, kept.version, kept.updated,
       tx.context().organization, kept.id});
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return fail(Errc::conflict, "the scenario was changed in the meantime");
  return {};
}

Result<KeptScenario> scenario(store::Tx& tx, const ScenarioId& id) {
  auto row = tx.one("SELECT * FROM eval_scenarios WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found) return fail(Errc::not_found, "no such scenario");
  if (!row) return std::unexpected(row.error());
  return read_scenario(*row);
}

Result<void> remove(store::Tx& tx, const ScenarioId& id) {
  return nothing(tx.execute("DELETE FROM eval_scenarios WHERE organization_id = ?1 AND id = ?2",
                            {tx.context().organization, id}));
}

Result<Evals::Page<KeptScenario>> scenarios(store::Tx& tx, const Evals::Filter& filter) {
  constexpr std::array fields{store::SortField{"createdAt", "created_at"},
                              store::SortField{"name", "name"}};
  return page_of<KeptScenario>(tx, "eval_scenarios", filter, fields, "id", "organization_id = ?1",
                               {tx.context().organization}, read_scenario);
}

Result<void> insert(store::Tx& tx, const EvalRun& run, const JobId& job) {
  return nothing(tx.execute(
      "INSERT INTO eval_runs (id, organization_id, business_id, job_id, agent_version, "
      "agent_revision, status, results, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {run.id, tx.context().organization, run.business, job, run.agent_version, run.agent_revision,
       to_string(run.status), results_text(run.results), run.created}));
}

Result<void> update(store::Tx& tx, const EvalRun& run) {
  return nothing(tx.execute(
      "UPDATE eval_runs SET status = ?1, results = ?2, started_at = ?3, finished_at = ?4, "
      "agent_revision = ?5 WHERE organization_id = ?6 AND id = ?7",
      {to_string(run.status), results_text(run.results), run.started, run.finished,
       run.agent_revision, tx.context().organization, run.id}));
}

Result<StoredRun> run(store::Tx& tx, const EvalRunId& id) {
  auto row = tx.one("SELECT * FROM eval_runs WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found) return fail(Errc::not_found, "no such run");
  if (!row) return std::unexpected(row.error());
  return StoredRun{read_run(*row), row->id<JobId>("job_id")};
}

Result<EvalRun> run_of_job(store::Tx& tx, const JobId& job) {
  auto row = tx.one("SELECT * FROM eval_runs WHERE organization_id = ?1 AND job_id = ?2",
                    {tx.context().organization, job});
  if (!row) return std::unexpected(row.error());
  return read_run(*row);
}

Result<std::optional<EvalRun>> finished_before(store::Tx& tx, const EvalRun& run) {
  return first_of(tx.query(
      "SELECT * FROM eval_runs WHERE organization_id = ?1 AND business_id = ?2 AND id < ?3 AND "
      "status IN ('passed', 'failed') ORDER BY id DESC LIMIT 1",
      {tx.context().organization, run.business, run.id}));
}

Result<std::optional<EvalRun>> newest(store::Tx& tx, const BusinessId& business,
                                      std::int64_t agent_version, std::int64_t agent_revision) {
  return first_of(
      tx.query("SELECT * FROM eval_runs WHERE organization_id = ?1 AND business_id = ?2 AND "
               "agent_version = ?3 AND agent_revision = ?4 AND status IN ('passed', 'failed') "
               "ORDER BY id DESC LIMIT 1",
               {tx.context().organization, business, agent_version, agent_revision}));
}

Result<Evals::Page<EvalRun>> runs(store::Tx& tx, const Evals::Filter& filter) {
  constexpr std::array fields{store::SortField{"createdAt", "created_at"}};
  std::string where = "organization_id = ?1";
  store::Params params{tx.context().organization};
  if (filter.status) {
    params.emplace_back(to_string(*filter.status));
    where += fmt::format(" AND status = ?{}", params.size());
  }
  if (filter.agent_version != 0) {
    params.emplace_back(filter.agent_version);
    where += fmt::format(" AND agent_version = ?{}", params.size());
  }
  return page_of<EvalRun>(tx, "eval_runs", filter, fields, "id DESC", std::move(where),
                          std::move(params), read_run);
}

}  // namespace rows
}  // namespace parley::evals
