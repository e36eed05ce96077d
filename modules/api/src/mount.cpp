#include <map>
#include <set>

#include "exchange.hpp"
#include "openapi.hpp"
#include "values.hpp"

namespace parley::api {

Services::Services(ApiParts p, ApiOptions o)
    : parts(p),
      options(std::move(o)),
      links(parts.master),
      clients(parts.clock, options.per_client, {parts.limits, "client"}),
      organizations(parts.clock, options.per_organization, {parts.limits, "organization"}),
      idempotency(parts, options),
      last_answers(parts.clock),
      table(route_table()),
      openapi(openapi_document(table, options)) {}

namespace {

std::vector<std::string> addresses_of(const Route& route) {
  std::vector<std::string> addresses{"/api/v1" + route.path, "/api" + route.path};
  if (route.place == Place::versioned_and_root) addresses.push_back(route.path);
  return addresses;
}

void mount_socket(net::Router& router, const std::shared_ptr<Services>& services,
                  const SocketRoute& socket) {
  auto handler = [services, at = &socket](net::HttpRequest upgrade,
                                          std::unique_ptr<net::WebSocket> opened) {
    return at->handler(*services, std::move(upgrade), std::move(opened));
  };
  for (auto* base : {"/api/v1", "/api"})
    router.add_websocket(base + socket.path, handler, socket.limits);
}

std::size_t body_limit(const Route& route, const ApiOptions& options) {
  return route.body == BodyKind::multipart ? options.max_upload_bytes : options.max_body_bytes;
}

void add_options_route(net::Router& router, const std::shared_ptr<Services>& services,
                       const std::string& address, const std::set<net::Method>& methods) {
  std::string allow;
  for (auto method : methods) allow += std::string(to_string(method)) + ", ";
  if (methods.contains(net::Method::get)) allow += "HEAD, ";
  allow += "OPTIONS";
  auto answer = [services, allow](net::HttpRequest http) -> asio::awaitable<net::HttpResponse> {
    co_return options_response(services->options, http, allow);
  };
  router.add(net::Method::options, address, std::move(answer));
}

/// Who listens to what happens hears at once that something is degraded, and that it is well again.
void announce_health(const ApiParts& parts) {
  auto announce = [&feed = parts.feed, &health = parts.health](const health::Check&,
                                                               const health::Check& now) {
    auto report = health.latest();
    json::object changed{{"name", now.name},
                         {"status", to_string(now.status)},
                         {"reason", or_null(now.reason)},
                         {"since", time_json(now.since)}};
    feed.announce("health.changed", {{"status", to_string(report->status)},
                                     {"degraded", json::value_from(report->degraded())},
                                     {"changed", std::move(changed)}});
  };
  parts.health.on_change(std::move(announce));
}

}  // namespace

void mount_api(net::Router& router, ApiParts parts, ApiOptions options) {
  auto services = std::make_shared<Services>(parts, std::move(options));
  announce_health(parts);
  std::map<std::string, std::set<net::Method>> methods;
  for (auto& route : services->table.routes) {
    auto seconds = parts.metrics.histogram(
        "parley_api_request_seconds", "Time from a request's arrival to its answer",
        {{"method", std::string(to_string(route.method))}, {"route", route.path}});
    auto handler = [services, at = &route, seconds](net::HttpRequest http) {
      return serve(services, *at, seconds, std::move(http));
    };
    for (auto& address : addresses_of(route)) {
      router.add(route.method, address, handler, {body_limit(route, services->options)});
      methods[address].insert(route.method);
    }
  }
  for (auto& socket : services->table.sockets) mount_socket(router, services, socket);
  for (auto& [address, allowed] : methods) add_options_route(router, services, address, allowed);
}

}  // namespace parley::api
