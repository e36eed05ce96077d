#include "run_rows.hpp"

#include <algorithm>
#include <array>

#include "parley/store/sort.hpp"

namespace parley::health {

namespace {

constexpr std::array run_names{std::pair{RunStatus::queued, std::string_view("queued")},
                               std::pair{RunStatus::running, std::string_view("running")},
                               std::pair{RunStatus::passed, std::string_view("passed")},
                               std::pair{RunStatus::failed, std::string_view("failed")},
                               std::pair{RunStatus::interrupted, std::string_view("interrupted")}};
constexpr std::array step_names{std::pair{StepStatus::waiting, std::string_view("waiting")},
                                std::pair{StepStatus::running, std::string_view("running")},
                                std::pair{StepStatus::passed, std::string_view("passed")},
                                std::pair{StepStatus::failed, std::string_view("failed")},
                                std::pair{StepStatus::skipped, std::string_view("skipped")}};

template <class Names, class Status>
std::string_view name_of(const Names& names, Status status) {
  return std::ranges::find(names, status, &Names::value_type::first)->second;
}

std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string steps_text(const std::vector<StepResult>& steps) {
  json::array list;
  for (const auto& step : steps)
    list.push_back(json::object{{"name", step.name},
                                {"group", step.group},
                                {"status", to_string(step.status)},
                                {"detail", step.detail},
                                {"advice", step.advice},
                                {"tookMs", to_ms(step.took)}});
  return json::serialize(list);
}

std::vector<StepResult> steps_of(const json::value& stored) {
  std::vector<StepResult> steps;
  if (!stored.is_array()) return steps;
  for (const auto& item : stored.as_array()) {
    if (!item.is_object()) continue;
    const auto& object = item.as_object();
    StepResult step;
    step.name = text_in(object, "name");
    step.group = text_in(object, "group");
    step.detail = text_in(object, "detail");
    step.advice = text_in(object, "advice");
    auto status = text_in(object, "status");
    auto known = std::ranges::find(step_names, status, [](auto& name) { return name.second; });
    if (known != step_names.end()) step.status = known->first;
    if (auto* took = object.if_contains("tookMs"); took && took->is_int64())
      step.took = std::chrono::milliseconds(took->as_int64());
    steps.push_back(std::move(step));
  }
  return steps;
}

SuiteRun read(const store::Row& row) {
  SuiteRun run;
  run.id = row.id<RunId>("id");
  run.trigger = row.text("started_by");
  run.status = parse_run_status(row.text("status")).value_or(RunStatus::interrupted);
  run.steps = steps_of(row.json("steps"));
  run.created_at = row.time("created_at");
  run.started_at = row.optional_time("started_at");
  run.finished_at = row.optional_time("finished_at");
  return run;
}

Result<std::optional<SuiteRun>> first_of(Result<store::Rows> rows) {
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<SuiteRun>();
  return std::optional(read(rows->front()));
}

Result<void> nothing(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace

std::string_view to_string(StepStatus status) noexcept { return name_of(step_names, status); }
std::string_view to_string(RunStatus status) noexcept { return name_of(run_names, status); }

std::optional<RunStatus> parse_run_status(std::string_view text) noexcept {
  auto found = std::ranges::find(run_names, text, [](auto& name) { return name.second; });
  if (found == run_names.end()) return std::nullopt;
  return found->first;
}

Result<void> RunRows::insert(store::Tx& tx, const SuiteRun& run, const JobId& job) {
  return nothing(tx.execute(
      "INSERT INTO integration_runs (id, organization_id, job_id, started_by, status, steps, "
      "created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {run.id, tx.context().organization, job, run.trigger, to_string(run.status),
       steps_text(run.steps), run.created_at}));
}

Result<void> RunRows::update(store::Tx& tx, const SuiteRun& run) {
  return nothing(
      tx.execute("UPDATE integration_runs SET status = ?1, steps = ?2, started_at = ?3, "
                 "finished_at = ?4 WHERE organization_id = ?5 AND id = ?6",
                 {to_string(run.status), steps_text(run.steps), run.started_at, run.finished_at,
                  tx.context().organization, run.id}));
}

Result<RunRows::Stored> RunRows::get(store::Tx& tx, const RunId& id) {
  auto row = tx.one("SELECT * FROM integration_runs WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such run of the integration suite");
  if (!row) return std::unexpected(row.error());
  return Stored{.run = read(*row), .job = row->id<JobId>("job_id")};
}

Result<std::optional<SuiteRun>> RunRows::of_job(store::Tx& tx, const JobId& job) {
  return first_of(
      tx.query("SELECT * FROM integration_runs WHERE organization_id = ?1 "
               "AND job_id = ?2",
               {tx.context().organization, job}));
}

Result<std::optional<SuiteRun>> RunRows::before(store::Tx& tx, const RunId& id) {
  return first_of(
      tx.query("SELECT * FROM integration_runs WHERE organization_id = ?1 "
               "AND id < ?2 AND status IN ('passed', 'failed') ORDER BY id DESC "
               "LIMIT 1",
               {tx.context().organization, id}));
}

Result<Suite::Page> RunRows::list(store::Tx& tx, const Suite::Filter& filter) {
  std::string where = " FROM integration_runs WHERE organization_id = ?1";
  store::Params params{tx.context().organization};
  if (filter.status) {
    params.emplace_back(to_string(*filter.status));
    where += " AND status = ?2";
  }
  auto total = tx.one("SELECT COUNT(*) AS many" + where, params);
  if (!total) return std::unexpected(total.error());
  constexpr std::array fields{store::SortField{"createdAt", "created_at"}};
  auto order = store::order_by(filter.sort, fields, "id DESC");
  if (!order) return std::unexpected(order.error());
  params.emplace_back(filter.limit);
  params.emplace_back((filter.page - 1) * filter.limit);
  auto at = params.size();
  auto rows = tx.query("SELECT *" + where + *order + " LIMIT ?" + std::to_string(at - 1) +
                           " OFFSET ?" + std::to_string(at),
                       params);
  if (!rows) return std::unexpected(rows.error());
  Suite::Page page{.items = {}, .total = total->integer("many")};
  for (const auto& row : *rows) page.items.push_back(read(row));
  return page;
}

Result<void> RunRows::remove_older(store::Tx& tx, WallTime than) {
  return nothing(tx.execute("DELETE FROM integration_runs WHERE finished_at < ?1", {than}));
}

}  // namespace parley::health
