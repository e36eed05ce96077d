#include "docs_files.hpp"
#include "parley/telemetry/metrics.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

constexpr auto database_patience = std::chrono::seconds(2);

struct Check {
  std::string_view name;
  bool healthy = false;
  std::chrono::milliseconds latency{0};
  std::string_view reason;
};

asio::awaitable<Check> check_database(Request& in) {
  auto& parts = in.services.parts;
  auto began = parts.clock.now();
  auto look = [](store::Tx& tx) { return tx.one("SELECT 1 AS one"); };
  auto row = co_await parts.database.read(in.ctx.until(began + database_patience), look);
  Check check{.name = "database", .healthy = row.has_value()};
  check.latency = std::chrono::duration_cast<std::chrono::milliseconds>(parts.clock.now() - began);
  // Anyone may ask: no more than the kind of trouble.
  if (!row) check.reason = to_string(row.error().code);
  co_return check;
}

Outcome health_of(const std::vector<Check>& checks) {
  bool healthy = std::ranges::all_of(checks, &Check::healthy);
  json::array list;
  for (auto& check : checks)
    list.push_back(json::object{
        {"name", check.name},
        {"status", check.healthy ? "healthy" : "unhealthy"},
        {"latencyMs", check.latency.count()},
        {"reason", check.reason.empty() ? json::value(nullptr) : json::value(check.reason)}});
  json::object data{{"status", healthy ? "healthy" : "unhealthy"}, {"checks", std::move(list)}};
  if (healthy) return Reply{.data = std::move(data)};
  Failure failure;
  failure.status = 503;
  failure.code = "unhealthy";
  failure.message = "A part of the system is not healthy: see the checks.";
  failure.retry_after = std::chrono::seconds(5);
  failure.data = std::move(data);
  return std::unexpected(std::move(failure));
}

Answer live(Request&) { co_return Reply{.data = json::object{{"status", "alive"}}}; }

Answer health(Request& in) {
  auto checking = check_database(in);
  auto database = co_await std::move(checking);
  co_return health_of({database});
}

Answer metrics_text(Request& in) {
  Reply reply;
  reply.raw = in.services.parts.metrics.text();
  co_return reply;
}

Answer openapi_json(Request& in) {
  Reply reply;
  reply.raw = in.services.openapi;
  co_return reply;
}

Reply page_file(std::string_view content) {
  Reply reply;
  reply.raw = std::string(content);
  reply.headers.set("Cache-Control", "no-cache");
  reply.headers.set("Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  return reply;
}

Answer docs_page(Request&) { co_return page_file(docs::index_html); }
Answer docs_script(Request&) { co_return page_file(docs::docs_js); }
Answer docs_style(Request&) { co_return page_file(docs::docs_css); }

Route raw_route(std::string path, std::string name, std::string summary, std::string media_type,
                Answer (*handler)(Request&)) {
  Route route;
  route.path = std::move(path);
  route.group = "documentation";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.access = Access::anyone;
  route.reply = ReplyKind::raw;
  route.media_type = std::move(media_type);
  route.handler = handler;
  return route;
}

Route health_route(std::string path, std::string name, std::string summary, Schema response,
                   Answer (*handler)(Request&)) {
  Route route;
  route.path = std::move(path);
  route.group = "health";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.access = Access::anyone;
  route.response = std::move(response);
  route.place = Place::versioned_and_root;
  route.handler = handler;
  return route;
}

}  // namespace

void add_health_routes(RouteTable& table) {
  table.define(
      "Health",
      object(
          {required("status", choice({"healthy", "degraded", "unhealthy"})),
           required("checks",
                    list(object({required("name", text()),
                                 required("status", choice({"healthy", "degraded", "unhealthy"})),
                                 required("latencyMs", integer(0, INT64_MAX)),
                                 required("reason", text().or_null())}),
                         100))}));
  table.add(health_route("/health", "getHealth", "Every part, with how long it took: 200 or 503.",
                         ref("Health"), health));
  table.add(health_route("/health/live", "getLiveness", "The process runs.",
                         object({required("status", choice({"alive"}))}), live));
  table.add(health_route("/health/ready", "getReadiness",
                         "Whether requests can be served now: 200 or 503.", ref("Health"), health));
  auto metrics = raw_route("/metrics", "getMetrics",
                           "Figures for Prometheus; without a token only from this machine.",
                           std::string(metrics::Registry::content_type), metrics_text);
  metrics.group = "health";
  metrics.access = Access::permitted_or_local;
  metrics.permission = "metrics:read";
  metrics.place = Place::versioned_and_root;
  table.add(std::move(metrics));
  table.add(raw_route("/openapi.json", "getOpenApi", "This interface as an OpenAPI 3.1 document.",
                      "application/json", openapi_json));
  table.add(raw_route("/docs", "getDocs", "This interface to read and try.",
                      "text/html; charset=utf-8", docs_page));
  table.add(raw_route("/docs/docs.js", "getDocsScript", "The page's script.",
                      "text/javascript; charset=utf-8", docs_script));
  table.add(raw_route("/docs/docs.css", "getDocsStyle", "The page's style.",
                      "text/css; charset=utf-8", docs_style));
}

}  // namespace parley::api
