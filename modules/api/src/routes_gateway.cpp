#include "pages.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using gateway::RouteId;

/// What was written, and what the server says of it.
json::object route_json(const gateway::Route& route) {
  auto data = route.spec.source;
  data["id"] = route.id.str();
  data["address"] = gateway::Gateway::address_of(route);
  data["createdAt"] = time_json(route.created);
  data["updatedAt"] = time_json(route.updated);
  return data;
}

Reply route_reply(const gateway::Route& route) {
  return {.data = route_json(route), .version = route.version};
}

std::expected<gateway::RouteSpec, Failure> spec_in(const Request& in) {
  auto spec = gateway::parse_route(in.body, in.services.parts.gateway.reach());
  if (!spec) return refuse_fields(std::move(spec.error()));
  return std::move(*spec);
}

Answer list_routes(Request& in) {
  return reply(in.services.parts.gateway.list(in.ctx),
               [&in](auto& routes) { return page_of_short(routes, in, route_json); });
}

Answer create_route(Request& in) {
  auto spec = spec_in(in);
  if (!spec) co_return std::unexpected(spec.error());
  auto creating = in.services.parts.gateway.create(in.ctx, std::move(*spec));
  auto created = co_await std::move(creating);
  if (!created) co_return refuse(created.error());
  co_return route_reply(*created);
}

Answer get_route(Request& in) {
  return reply(in.services.parts.gateway.get(in.ctx, in.id<RouteId>()), route_reply);
}

Answer replace_route(Request& in) {
  auto& gateway = in.services.parts.gateway;
  auto reading = gateway.get(in.ctx, in.id<RouteId>());
  auto current = co_await std::move(reading);
  if (!current) co_return refuse(current.error());
  if (auto good = in.check_if_match(current->version); !good)
    co_return std::unexpected(good.error());
  auto spec = spec_in(in);
  if (!spec) co_return std::unexpected(spec.error());
  std::optional<std::int64_t> expected;
  if (in.has_if_match()) expected = current->version;
  auto replacing = gateway.replace(in.ctx, in.id<RouteId>(), std::move(*spec), expected);
  auto replaced = co_await std::move(replacing);
  if (replaced) co_return route_reply(*replaced);
  auto refusing = refuse_change(in, replaced.error(), gateway.get(in.ctx, in.id<RouteId>()));
  co_return co_await std::move(refusing);
}

Answer remove_route(Request& in) {
  auto& gateway = in.services.parts.gateway;
  if (in.has_if_match()) {
    auto reading = gateway.get(in.ctx, in.id<RouteId>());
    auto current = co_await std::move(reading);
    if (!current) co_return refuse(current.error());
    if (auto good = in.check_if_match(current->version); !good)
      co_return std::unexpected(good.error());
  }
  auto removing = gateway.remove(in.ctx, in.id<RouteId>());
  auto removed = co_await std::move(removing);
  if (!removed) co_return refuse(removed.error());
  co_return Reply{.data = json::object{{"id", in.path("id")}}};
}

json::object target_json(const gateway::TargetState& target) {
  return {{"routeId", target.route.str()},  {"name", target.name},
          {"address", target.address},      {"url", target.url},
          {"healthy", target.healthy},      {"breaker", target.breaker},
          {"activeRequests", target.active}};
}

Answer list_targets(Request& in) {
  auto targets = in.services.parts.gateway.targets(in.ctx.organization);
  co_return page_of_short(targets, in, target_json);
}

Schema header_rules() {
  return object({optional("set", any_object()), optional("remove", list(line(1, 100), 50))});
}

Schema mapping() {
  json::object field{{"to", "/name"}, {"from", "/fullName"}};
  return any_object()
      .about("A mapping of JSON bodies.")
      .example(json::object{{"fields", json::array{std::move(field)}}});
}

/// The members of a route; the gateway checks what a schema cannot say.
std::vector<Field> route_fields() {
  auto target = object({required("url", line(8, 2000).example("https://shop.example.com")),
                        optional("weight", integer(1, 100).about("This share of the requests."))});
  auto health = object({optional("path", line(1, 500).example("/healthz")),
                        optional("intervalSeconds", integer(1, 3600)),
                        optional("timeoutMs", integer(10, 60'000))});
  auto rate = object(
      {required("perMinute", integer(1, 10'000'000)), optional("burst", integer(1, 100'000))});
  return {required("path", line(1, 500)
                               .about("Below /gateway/<organization>: \"/shop\" or \"/shop/{id}\".")
                               .example("/shop")),
          required("targets", list(target, 32, 1)),
          optional("name", line(1, 80)),
          optional("match", choice({"prefix", "exact"})),
          optional("methods",
                   list(choice({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}), 7)),
          optional("stripPrefix", flag().example(false)),
          optional("rewrite", line(1, 500).about("Instead of stripPrefix.").example("/v2/{rest}")),
          optional("balancing", choice({"round_robin", "least_connections"})),
          optional("healthCheck", health),
          optional("access", choice({"bearer", "anyone"}).about("bearer unless told.")),
          optional("permission", line(1, 80).example("gateway:use")),
          optional("rateLimit", rate),
          optional("timeoutMs", integer(10, 600'000)),
          optional("retries", integer(0, 3)),
          optional("maxBodyMb", integer(0, 1024)),
          optional("requestHeaders", header_rules()),
          optional("responseHeaders", header_rules()),
          optional("requestTransform", mapping()),
          optional("responseTransform", mapping()),
          optional("websocket", flag()),
          optional("enabled", flag())};
}

Route row(net::Method method, std::string path, std::string name, std::string summary,
          Schema response, Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.group = "gateway";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "gateway_route";
  route.permission = method == net::Method::get ? "gateway:read" : "gateway:write";
  route.response = std::move(response);
  route.handler = handler;
  return route;
}

Route paged(Route route, const std::string& sorted_by) {
  route.query = page_parameters({sorted_by});
  route.paging = Route::Paging::pages;
  return route;
}

Route with_body(Route route, int status) {
  route.body = BodyKind::json;
  route.request = object(route_fields());
  route.status = status;
  return route;
}

}  // namespace

void add_gateway_routes(RouteTable& table) {
  auto shown = route_fields();
  shown.push_back(required("id", id("gwr")));
  shown.push_back(required("address", text().about("Where it stands on this server.")));
  shown.push_back(required("createdAt", date_time()));
  shown.push_back(required("updatedAt", date_time()));
  table.define("GatewayRoute", object(std::move(shown)));
  table.define(
      "GatewayTarget",
      object({required("routeId", id("gwr")), required("name", text()), required("address", text()),
              required("url", text(0, 2000)), required("healthy", flag()),
              required("breaker", choice({"closed", "open", "half_open"})),
              required("activeRequests", integer(0, INT64_MAX))}));
  auto plain = ref("GatewayRoute");
  std::string path = "/gateway/routes";
  table.add(paged(row(net::Method::get, path, "listGatewayRoutes", "Requests that are passed on.",
                      list(plain, 200), list_routes),
                  "createdAt"));
  table.add(
      with_body(row(net::Method::post, path, "createGatewayRoute",
                    "Pass requests on to a service of your own, from now on.", plain, create_route),
                201));
  path += "/{id}";
  table.add(row(net::Method::get, path, "getGatewayRoute", "One route, as it was written.", plain,
                get_route));
  table.add(with_body(
      row(net::Method::put, path, "replaceGatewayRoute",
          "The whole route anew; what is left out has its default.", plain, replace_route),
      200));
  table.add(row(net::Method::delete_, path, "deleteGatewayRoute", "Its requests meet 404.",
                object({required("id", id("gwr"))}), remove_route));
  table.add(paged(row(net::Method::get, "/gateway/targets", "listGatewayTargets",
                      "The services behind the routes, and how they are.",
                      list(ref("GatewayTarget"), 200), list_targets),
                  "address"));
}

}  // namespace parley::api
