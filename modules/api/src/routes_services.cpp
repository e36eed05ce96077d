#include <algorithm>
#include <map>

#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

json::value policy_json(const resilience::PolicySnapshot& shot) {
  bool failed_once = !shot.last_failure.detail.empty();
  json::value last_error;
  if (failed_once)
    last_error = json::object{{"code", to_string(shot.last_failure.code)},
                              {"detail", shot.last_failure.detail},
                              {"at", time_json(shot.last_failure_at)}};
  return json::object{{"breaker", to_string(shot.breaker)},
                      {"untilTrialMs", to_ms(shot.until_trial)},
                      {"windowCalls", shot.window_calls},
                      {"windowFailures", shot.window_failures},
                      {"running", shot.running},
                      {"waiting", shot.waiting},
                      {"succeeded", shot.totals.succeeded},
                      {"callerErrors", shot.totals.caller_errors},
                      {"failed", shot.totals.failed},
                      {"refused", shot.totals.refused},
                      {"retries", shot.totals.retries},
                      {"hedges", shot.totals.hedges},
                      {"fallbacks", shot.totals.fallbacks},
                      {"lastError", std::move(last_error)}};
}

json::value probe_json(const health::Check& check) {
  return json::object{{"kind", check.kind},
                      {"status", to_string(check.status)},
                      {"reason", or_null(check.reason)},
                      {"detail", or_null(check.detail)},
                      {"advice", or_null(check.advice)},
                      {"latencyMs", to_ms(check.latency)},
                      {"checkedAt", time_json(check.checked_at)},
                      {"since", time_json(check.since)}};
}

/// Every name that has a policy or a probe, in order, with both.
json::array services_json(Services& services) {
  std::map<std::string, json::object> all;
  auto entry = [&](const std::string& name) -> json::object& {
    auto& made = all[name];
    if (made.empty()) made = {{"name", name}, {"policy", nullptr}, {"probe", nullptr}};
    return made;
  };
  for (auto& shot : services.parts.policies.snapshots())
    entry(shot.service)["policy"] = policy_json(shot);
  if (auto latest = services.parts.health.latest())
    for (auto& check : latest->checks) entry(check.name)["probe"] = probe_json(check);
  json::array list;
  for (auto& [name, service] : all) list.push_back(std::move(service));
  return list;
}

/// The list is short and read whole.
Answer list_services(Request& in) {
  auto all = services_json(in.services);
  if (in.query.text("sort") == "-name") std::ranges::reverse(all);
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  auto total = static_cast<std::int64_t>(all.size());
  json::array items;
  for (auto at = (page - 1) * limit; at < std::min(total, page * limit); ++at)
    items.push_back(std::move(all[static_cast<std::size_t>(at)]));
  co_return Reply{.data = std::move(items), .pagination = page_of(page, limit, total)};
}

Answer reset_breaker(Request& in) {
  auto name = in.path("name");
  // The policies' own words repeat the name, which may be any bytes.
  if (auto reset = in.services.parts.policies.reset(name); !reset)
    co_return refuse(
        {.code = reset.error().code, .detail = "no service of that name has a policy"});
  auto all = services_json(in.services);
  auto mine = std::ranges::find_if(
      all, [&](auto& service) { return service.at("name").as_string() == name; });
  co_return Reply{.data = *mine};
}

Schema policy_schema() {
  auto count = integer(0, INT64_MAX);
  auto error =
      object({required("code", text()), required("detail", text()), required("at", date_time())});
  return object({required("breaker", choice({"closed", "open", "half_open"})),
                 required("untilTrialMs", count), required("windowCalls", count),
                 required("windowFailures", count), required("running", count),
                 required("waiting", count), required("succeeded", count),
                 required("callerErrors", count), required("failed", count),
                 required("refused", count), required("retries", count), required("hedges", count),
                 required("fallbacks", count), required("lastError", std::move(error).or_null())});
}

Schema probe_schema() {
  return object({required("kind", text()),
                 required("status", choice({"healthy", "degraded", "unhealthy"})),
                 required("reason", text().or_null()), required("detail", text().or_null()),
                 required("advice", text().or_null()), required("latencyMs", integer(0, INT64_MAX)),
                 required("checkedAt", date_time()), required("since", date_time())});
}

Route route(net::Method method, std::string path, std::string name, std::string summary) {
  Route made;
  made.method = method;
  made.path = std::move(path);
  made.group = "integration";
  made.thing = "service";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "integration:read" : "integration:write";
  return made;
}

}  // namespace

void add_service_routes(RouteTable& table) {
  table.define("OutsideService",
               object({required("name", text()), required("policy", policy_schema().or_null()),
                       required("probe", probe_schema().or_null())}));
  auto listing = route(net::Method::get, "/integration/services", "listServices",
                       "What this node uses: how calls to it go (policy), and how it was when last "
                       "looked at (probe).");
  listing.query = page_parameters({"name"});
  listing.paging = Route::Paging::pages;
  listing.response = list(ref("OutsideService"), 200);
  listing.handler = list_services;
  table.add(std::move(listing));
  auto resetting =
      route(net::Method::post, "/integration/services/{name}/reset-breaker", "resetBreaker",
            "Close a service's circuit breaker on this node, with an empty window.");
  resetting.response = ref("OutsideService");
  resetting.handler = reset_breaker;
  table.add(std::move(resetting));
}

}  // namespace parley::api
