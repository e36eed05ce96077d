#include "pages.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

json::object saga_json(const saga::SagaView& saga) {
  return {{"id", saga.id.str()},
          {"kind", saga.type},
          {"status", to_string(saga.status)},
          {"step", static_cast<std::int64_t>(saga.step)},
          {"lastError", or_null(saga.last_error)},
          {"createdAt", time_json(saga.started_at)},
          {"updatedAt", time_json(saga.updated_at)},
          {"endedAt", time_json(saga.ended_at)}};
}

json::object step_json(const saga::StepView& step) {
  return {{"name", step.name},
          {"status", to_string(step.status)},
          {"attempts", step.attempts},
          {"checks", step.checks},
          {"undoAttempts", step.undo_attempts},
          {"lastError", or_null(step.last_error)}};
}

Answer list_sagas(Request& in) {
  saga::SagaFilter filter;
  filter.status = saga::parse_saga_status(in.query.text("status"));
  filter.type = in.query.text("kind");
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  auto to_reply = [page = filter.page, limit = filter.limit](auto& found) {
    return page_of_long(found, page, limit, saga_json);
  };
  return reply(in.services.parts.sagas.list(in.ctx, std::move(filter)), std::move(to_reply));
}

Answer get_saga(Request& in) {
  auto to_reply = [](auto& saga) {
    auto data = saga_json(saga);
    json::array steps;
    for (auto& step : saga.steps) steps.push_back(step_json(step));
    data["steps"] = std::move(steps);
    return Reply{.data = std::move(data)};
  };
  return reply(in.services.parts.sagas.find(in.ctx, in.id<saga::SagaId>()), std::move(to_reply));
}

Schema saga_status() { return choice({"running", "compensating", "completed", "failed", "stuck"}); }

Route route(std::string path, std::string name, std::string summary) {
  Route made;
  made.path = std::move(path);
  made.group = "jobs";
  made.thing = "saga";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = "jobs:read";
  return made;
}

}  // namespace

void add_saga_routes(RouteTable& table) {
  auto count = integer(0, INT64_MAX);
  std::vector<Field> saga{required("id", id("saga")),
                          required("kind", text()),
                          required("status", saga_status()),
                          required("step", count),
                          required("lastError", text().or_null()),
                          required("createdAt", date_time()),
                          required("updatedAt", date_time()),
                          required("endedAt", date_time().or_null())};
  table.define("Saga", object(saga));
  auto step = object(
      {required("name", text()),
       required("status", choice({"pending", "started", "unknown", "done", "failed", "undone"})),
       required("attempts", count), required("checks", count), required("undoAttempts", count),
       required("lastError", text().or_null())});
  auto detailed = saga;
  detailed.push_back(required("steps", list(step, 100)));
  table.define("SagaWithSteps", object(detailed));

  auto listing = route("/sagas", "listSagas",
                       "Work of several steps outside, the newest first; counted like the jobs.");
  listing.query = page_parameters({"createdAt"});
  listing.query.push_back({"status", saga_status(), "Of one state."});
  listing.query.push_back({"kind", line(1, 100), "Of one kind: numbers.buy.v1."});
  listing.paging = Route::Paging::pages;
  listing.response = list(ref("Saga"), 200);
  listing.handler = list_sagas;
  table.add(std::move(listing));
  auto getting = route("/sagas/{id}", "getSaga", "A saga and how far each of its steps has come.");
  getting.response = ref("SagaWithSteps");
  getting.handler = get_saga;
  table.add(std::move(getting));
}

}  // namespace parley::api
