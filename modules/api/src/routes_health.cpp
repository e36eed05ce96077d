#include "docs_files.hpp"
#include "parley/telemetry/metrics.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

json::object check_json(const health::Check& check) {
  auto latency = std::chrono::duration_cast<std::chrono::milliseconds>(check.latency);
  return {{"name", check.name},
          {"kind", check.kind},
          {"status", to_string(check.status)},
          {"latencyMs", latency.count()},
          {"reason", or_null(check.reason)},
          {"advice", or_null(check.advice)},
          {"since", time_json(check.since)}};
}

/// Anyone may ask: no more than the kind of trouble.
Outcome health_of(const health::Report& report) {
  json::array list;
  for (const auto& check : report.checks) list.push_back(check_json(check));
  json::object data{{"status", to_string(report.status)}, {"checks", std::move(list)}};
  if (report.status != health::Status::unhealthy) return Reply{.data = std::move(data)};
  Failure failure;
  failure.status = 503;
  failure.code = "unhealthy";
  failure.message = "A part of the system is not healthy: see the checks.";
  failure.retry_after = std::chrono::seconds(5);
  failure.data = std::move(data);
  return std::unexpected(std::move(failure));
}

Answer live(Request&) { co_return Reply{.data = json::object{{"status", "alive"}}}; }

Answer health_report(Request& in) {
  auto looking = in.services.parts.health.report(in.ctx);
  auto report = co_await std::move(looking);
  if (!report) co_return refuse(report.error());
  co_return health_of(*report);
}

/// What is away and has a stand-in, or what calls outlive, does not keep callers from this node.
Answer readiness(Request& in) {
  auto looking = in.services.parts.health.report(in.ctx);
  auto report = co_await std::move(looking);
  if (!report) co_return refuse(report.error());
  co_return health_of(report->readiness());
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
           required(
               "checks",
               list(object({required("name", text()), required("kind", text()),
                            required("status", choice({"healthy", "degraded", "unhealthy"})),
                            required("latencyMs", integer(0, INT64_MAX)),
                            required("reason", text().or_null()),
                            required("advice", text().or_null()), required("since", date_time())}),
                    100))}));
  table.add(health_route("/health", "getHealth",
                         "Everything configured, with how long a look took: 200, or 503 when "
                         "something that nothing replaces is away.",
                         ref("Health"), health_report));
  table.add(health_route("/health/live", "getLiveness", "The process runs.",
                         object({required("status", choice({"alive"}))}), live));
  table.add(health_route("/health/ready", "getReadiness",
                         "Whether this node can take calls: 200, also without the database, which "
                         "calls do without, and then degraded; else 503.",
                         ref("Health"), readiness));
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
