#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

json::object summary_json(const health::SuiteRun& run) {
  std::int64_t passed = 0, failed = 0, skipped = 0;
  for (const auto& step : run.steps) {
    passed += step.status == health::StepStatus::passed ? 1 : 0;
    failed += step.status == health::StepStatus::failed ? 1 : 0;
    skipped += step.status == health::StepStatus::skipped ? 1 : 0;
  }
  return {{"id", run.id.str()},
          {"status", to_string(run.status)},
          {"trigger", run.trigger},
          {"steps", static_cast<std::int64_t>(run.steps.size())},
          {"passed", passed},
          {"failed", failed},
          {"skipped", skipped},
          {"createdAt", time_json(run.created_at)},
          {"startedAt", time_json(run.started_at)},
          {"finishedAt", time_json(run.finished_at)}};
}

json::object step_json(const health::StepResult& step) {
  return {{"name", step.name},
          {"group", step.group},
          {"status", to_string(step.status)},
          {"detail", or_null(step.detail)},
          {"advice", or_null(step.advice)},
          {"tookMs", to_ms(step.took)}};
}

Answer start_run(Request& in) {
  return reply(in.services.parts.suite.start(in.ctx),
               [](auto& run) { return Reply{.data = summary_json(run)}; });
}

Answer list_runs(Request& in) {
  health::Suite::Filter filter;
  filter.status = health::parse_run_status(in.query.text("status"));
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  auto to_reply = [filter](auto& page) {
    json::array items;
    for (auto& run : page.items) items.push_back(summary_json(run));
    return Reply{.data = std::move(items),
                 .pagination = page_of(filter.page, filter.limit, page.total)};
  };
  return reply(in.services.parts.suite.list(in.ctx, filter), std::move(to_reply));
}

Answer get_run(Request& in) {
  auto to_reply = [](auto& compared) {
    auto data = summary_json(compared.run);
    json::array steps, changes;
    for (auto& step : compared.run.steps) steps.push_back(step_json(step));
    if (compared.before && compared.run.finished_at)
      for (auto& change : compare(*compared.before, compared.run))
        changes.push_back(json::object{{"step", change.step},
                                       {"before", to_string(change.before)},
                                       {"now", to_string(change.now)},
                                       {"tookBeforeMs", to_ms(change.took_before)},
                                       {"tookMs", to_ms(change.took)}});
    data["results"] = std::move(steps);
    data["comparedWith"] =
        compared.before ? json::value(compared.before->id.str()) : json::value(nullptr);
    data["changes"] = std::move(changes);
    return Reply{.data = std::move(data)};
  };
  return reply(in.services.parts.suite.get(in.ctx, in.id<health::RunId>()), std::move(to_reply));
}

Schema run_status() { return choice({"queued", "running", "passed", "failed", "interrupted"}); }
Schema step_status() { return choice({"waiting", "running", "passed", "failed", "skipped"}); }

Route route(net::Method method, std::string path, std::string name, std::string summary) {
  Route made;
  made.method = method;
  made.path = std::move(path);
  made.group = "integration";
  made.thing = "integration_run";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "integration:read" : "integration:write";
  return made;
}

}  // namespace

void add_suite_routes(RouteTable& table) {
  auto count = integer(0, INT64_MAX);
  std::vector<Field> run{required("id", id("run")),
                         required("status", run_status()),
                         required("trigger", choice({"request", "schedule"})),
                         required("steps", count),
                         required("passed", count),
                         required("failed", count),
                         required("skipped", count),
                         required("createdAt", date_time()),
                         required("startedAt", date_time().or_null()),
                         required("finishedAt", date_time().or_null())};
  table.define("IntegrationRun", object(run));
  auto step = object({required("name", text()), required("group", text()),
                      required("status", step_status()), required("detail", text().or_null()),
                      required("advice", text().or_null()), required("tookMs", count)});
  auto change = object({required("step", text()), required("before", step_status()),
                        required("now", step_status()), required("tookBeforeMs", count),
                        required("tookMs", count)});
  auto detailed = run;
  detailed.push_back(required("results", list(step, 200)));
  detailed.push_back(required("comparedWith", id("run").or_null()));
  detailed.push_back(required("changes", list(change, 200)));
  table.define("IntegrationRunWithSteps", object(detailed));

  auto starting = route(net::Method::post, "/integration/test-all", "startIntegrationRun",
                        "Try everything configured in a sandbox organization, as a job. One run at "
                        "a time: while one goes on, that one is answered.");
  starting.status = 202;
  starting.response = ref("IntegrationRun");
  starting.handler = start_run;
  table.add(std::move(starting));
  auto listing = route(net::Method::get, "/integration/runs", "listIntegrationRuns",
                       "Runs of the integration suite, the newest first.");
  listing.query = page_parameters({"createdAt"});
  listing.query.push_back({"status", run_status(), "Of one state."});
  listing.paging = Route::Paging::pages;
  listing.response = list(ref("IntegrationRun"), 200);
  listing.handler = list_runs;
  table.add(std::move(listing));
  auto getting = route(net::Method::get, "/integration/runs/{id}", "getIntegrationRun",
                       "A run step by step, also while it goes on, and what is different from the "
                       "one before.");
  getting.response = ref("IntegrationRunWithSteps");
  getting.handler = get_run;
  table.add(std::move(getting));
}

}  // namespace parley::api
