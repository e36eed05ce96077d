// Scenarios, and the scorecards of their runs.
#include "parley/evals/judge.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using evals::EvalRun;
using evals::KeptScenario;

constexpr std::string_view sample_document =
    "name: Tells the opening hours\nsteps:\n  - say: what are your opening hours\n"
    "expect:\n  - says: we're open\n";

evals::Evals& evals_of(Request& in) { return in.services.parts.evals; }

json::object scenario_json(const KeptScenario& kept) {
  return {{"id", kept.id.str()},
          {"businessId", kept.business.str()},
          {"name", kept.name},
          {"document", kept.document},
          {"required", kept.required},
          {"createdAt", time_json(kept.created)},
          {"updatedAt", time_json(kept.updated)}};
}

Outcome one_scenario(const KeptScenario& kept) {
  return Reply{.data = scenario_json(kept), .version = kept.version};
}

std::int64_t count_in(const EvalRun& run, evals::ScenarioResult::State state) {
  return std::ranges::count(run.results, state, &evals::ScenarioResult::state);
}

json::object run_json(const EvalRun& run) {
  return {{"id", run.id.str()},
          {"businessId", run.business.str()},
          {"agentVersion", run.agent_version},
          {"agentRevision", run.agent_revision},
          {"status", to_string(run.status)},
          {"scenarios", static_cast<std::int64_t>(run.results.size())},
          {"passed", count_in(run, evals::ScenarioResult::State::passed)},
          {"failed", count_in(run, evals::ScenarioResult::State::failed)},
          {"createdAt", time_json(run.created)},
          {"startedAt", time_json(run.started)},
          {"finishedAt", time_json(run.finished)}};
}

json::object result_json(const evals::ScenarioResult& result) {
  return {{"scenarioId", result.scenario.str()},
          {"scenarioVersion", result.scenario_version},
          {"name", result.name},
          {"state", to_string(result.state)},
          {"passes", result.passes},
          {"calls", result.calls},
          {"needed", result.needed},
          {"attempts", result.attempts}};
}

evals::Evals::Filter filter_of(const Request& in) {
  evals::Evals::Filter filter;
  filter.business = BusinessId(in.query.text("business"));
  filter.status = evals::parse_eval_status(in.query.text("status"));
  filter.agent_version = in.query.integer("agentVersion", 0);
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  return filter;
}

Answer list_scenarios(Request& in) {
  auto filter = filter_of(in);
  return reply(evals_of(in).scenarios(in.ctx, filter), [filter](auto& page) -> Outcome {
    json::array items;
    for (auto& item : page.items) items.push_back(scenario_json(item));
    return Reply{.data = std::move(items),
                 .pagination = page_of(filter.page, filter.limit, page.total)};
  });
}

Answer add_scenario(Request& in) {
  KeptScenario kept;
  kept.business = BusinessId(text_in(in.body, "businessId").value_or(""));
  kept.document = text_in(in.body, "document").value_or("");
  kept.required = flag_in(in.body, "required").value_or(true);
  auto adding = evals_of(in).add(in.ctx, std::move(kept));
  auto added = co_await std::move(adding);
  if (!added && added.error().code == Errc::not_found) co_return refuse(added.error(), "business");
  if (!added) co_return refuse(added.error());
  co_return one_scenario(*added);
}

Answer get_scenario(Request& in) {
  return reply(evals_of(in).get(in.ctx, in.id<evals::ScenarioId>()), one_scenario);
}

Task<KeptScenario> current(Request& in) {
  return evals_of(in).get(in.ctx, in.id<evals::ScenarioId>());
}

Answer update_scenario(Request& in) {
  auto reading = current(in);
  auto kept = co_await std::move(reading);
  if (!kept) co_return refuse(kept.error());
  if (auto good = in.check_if_match(kept->version); !good) co_return std::unexpected(good.error());
  auto version = in.has_if_match() ? kept->version : 0;
  kept->document = text_in(in.body, "document").value_or(kept->document);
  kept->required = flag_in(in.body, "required").value_or(kept->required);
  auto updating = evals_of(in).update(in.ctx, std::move(*kept), version);
  auto updated = co_await std::move(updating);
  if (updated) co_return one_scenario(*updated);
  auto refusing = refuse_change(in, updated.error(), current(in));
  co_return co_await std::move(refusing);
}

Answer remove_scenario(Request& in) {
  std::int64_t version = 0;
  if (in.has_if_match()) {
    auto reading = current(in);
    auto kept = co_await std::move(reading);
    if (!kept) co_return refuse(kept.error());
    if (auto good = in.check_if_match(kept->version); !good)
      co_return std::unexpected(good.error());
    version = kept->version;
  }
  auto removing = evals_of(in).remove(in.ctx, in.id<evals::ScenarioId>(), version);
  auto removed = co_await std::move(removing);
  if (!removed) co_return refuse(removed.error());
  co_return Reply{.data = json::object{{"id", in.path("id")}}};
}

Answer start_run(Request& in) {
  evals::Evals::NewRun request;
  request.business = BusinessId(text_in(in.body, "businessId").value_or(""));
  request.agent_version = integer_in(in.body, "agentVersion").value_or(0);
  for (auto& id : texts_in(in.body, "scenarios")) request.scenarios.emplace_back(id);
  auto starting = evals_of(in).start(in.ctx, std::move(request));
  auto started = co_await std::move(starting);
  if (!started && started.error().code == Errc::not_found)
    co_return refuse(started.error(), "business");
  if (!started) co_return refuse(started.error());
  co_return Reply{.data = run_json(*started)};
}

Answer list_runs(Request& in) {
  auto filter = filter_of(in);
  return reply(evals_of(in).runs(in.ctx, filter), [filter](auto& page) -> Outcome {
    json::array items;
    for (auto& item : page.items) items.push_back(run_json(item));
    return Reply{.data = std::move(items),
                 .pagination = page_of(filter.page, filter.limit, page.total)};
  });
}

Answer get_run(Request& in) {
  auto to_reply = [](const evals::Evals::Compared& compared) -> Outcome {
    auto data = run_json(compared.run);
    json::array results, changes;
    for (auto& result : compared.run.results) results.push_back(result_json(result));
    if (compared.before && compared.run.finished)
      for (auto& change : compare(*compared.before, compared.run))
        changes.push_back(json::object{{"name", change.name},
                                       {"before", to_string(change.before)},
                                       {"now", to_string(change.now)}});
    data["results"] = std::move(results);
    data["comparedWith"] =
        compared.before ? json::value(compared.before->id.str()) : json::value(nullptr);
    data["changes"] = std::move(changes);
    return Reply{.data = std::move(data)};
  };
  return reply(evals_of(in).run(in.ctx, in.id<evals::EvalRunId>()), to_reply);
}

Schema run_status() { return choice({"queued", "running", "passed", "failed", "interrupted"}); }
Schema result_state() { return choice({"waiting", "running", "passed", "failed"}); }
Schema document() { return text(1, 256 << 10).example(json::value(sample_document)); }

Route route(net::Method method, std::string path, std::string name, std::string summary,
            Schema response, Answer (*handler)(Request&)) {
  Route made;
  made.method = method;
  made.path = "/evals" + path;
  made.group = "evals";
  made.thing = path.starts_with("/runs") ? "eval_run" : "scenario";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "evals:read" : "evals:write";
  made.response = std::move(response);
  made.handler = handler;
  return made;
}

std::vector<Field> define_schemas(RouteTable& table) {
  auto count = integer(0, INT64_MAX);
  table.define("Scenario",
               object({required("id", id("scn")), required("businessId", id("biz")),
                       required("name", text()), required("document", text(0, 256 << 10)),
                       required("required", flag()), required("createdAt", date_time()),
                       required("updatedAt", date_time())}));
  std::vector<Field> run{required("id", id("eval")),
                         required("businessId", id("biz")),
                         required("agentVersion", count),
                         required("agentRevision", count),
                         required("status", run_status()),
                         required("scenarios", count),
                         required("passed", count),
                         required("failed", count),
                         required("createdAt", date_time()),
                         required("startedAt", date_time().or_null()),
                         required("finishedAt", date_time().or_null())};
  table.define("EvalRun", object(run));
  auto result = object({required("scenarioId", id("scn")), required("scenarioVersion", count),
                        required("name", text()), required("state", result_state()),
                        required("passes", count), required("calls", count),
                        required("needed", count), required("attempts", list(any_object(), 200))});
  auto change = object({required("name", text()), required("before", result_state()),
                        required("now", result_state())});
  run.push_back(required("results", list(result, 200)));
  run.push_back(required("comparedWith", id("eval").or_null()));
  run.push_back(required("changes", list(change, 200)));
  return run;
}

}  // namespace

void add_eval_routes(RouteTable& table) {
  table.define("EvalRunWithResults", object(define_schemas(table)));
  QueryParameter of_business{"business", text(1, 64), "Of this business."};
  auto listing = route(net::Method::get, "/scenarios", "listScenarios",
                       "Scenarios, the oldest first.", list(ref("Scenario"), 200), list_scenarios);
  listing.query = page_parameters({"createdAt", "name"});
  listing.query.push_back(of_business);
  listing.paging = Route::Paging::pages;
  table.add(std::move(listing));
  auto adding = route(net::Method::post, "/scenarios", "addScenario",
                      "Keep a scenario, written as docs/evals.md tells. 422 with every problem and "
                      "its line.",
                      ref("Scenario"), add_scenario);
  adding.body = BodyKind::json;
  adding.status = 201;
  adding.request = object({required("businessId", id("biz")), required("document", document()),
                           optional("required", flag())});
  table.add(std::move(adding));
  table.add(route(net::Method::get, "/scenarios/{id}", "getScenario", "One scenario.",
                  ref("Scenario"), get_scenario));
  auto updating = route(net::Method::put, "/scenarios/{id}", "updateScenario",
                        "Change it; what is left out stays.", ref("Scenario"), update_scenario);
  updating.body = BodyKind::json;
  updating.request = object({optional("document", document()), optional("required", flag())});
  table.add(std::move(updating));
  table.add(route(net::Method::delete_, "/scenarios/{id}", "deleteScenario", "Remove it.",
                  object({required("id", id("scn"))}), remove_scenario));
  auto starting = route(net::Method::post, "/runs", "startEvalRun",
                        "Call an agent by its scenarios, as a job: the draft, or without one the "
                        "version in force, unless told. One run of a business at a time.",
                        ref("EvalRun"), start_run);
  starting.status = 202;
  starting.body = BodyKind::json;
  starting.request = object({required("businessId", id("biz")),
                             optional("agentVersion", integer(0, 1'000'000'000)),
                             optional("scenarios", list(text(1, 64), 200).example(json::array{}))});
  table.add(std::move(starting));
  auto runs = route(net::Method::get, "/runs", "listEvalRuns", "Scorecards, the newest first.",
                    list(ref("EvalRun"), 200), list_runs);
  runs.query = page_parameters({"createdAt"});
  runs.query.push_back(of_business);
  runs.query.push_back({"status", run_status(), "Of one state."});
  runs.query.push_back({"agentVersion", integer(1, 1'000'000'000), "Of this version."});
  runs.paging = Route::Paging::pages;
  table.add(std::move(runs));
  table.add(route(net::Method::get, "/runs/{id}", "getEvalRun",
                  "A scorecard, also while its calls go on, with every call's verdicts and "
                  "transcript, and what is different from the run before.",
                  ref("EvalRunWithResults"), get_run));
}

}  // namespace parley::api
