#include "simulation_control.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::app {

namespace {

using net::HttpRequest;
using net::HttpResponse;

constexpr std::size_t longest_plan_bytes = 64u << 10;

HttpResponse json_response(int status, const json::value& body) {
  return net::text_response(status, json::serialize(body) + "\n", "application/json");
}

HttpResponse problem(int status, const std::string& what) {
  return json_response(status, {{"error", what}});
}

HttpResponse what_runs(const std::vector<StandIn>& all) {
  json::array list;
  for (auto& one : all)
    list.push_back({{"name", one.name},
                    {"address", one.address},
                    {"faults", one.faults->text()},
                    {"happened", one.faults->happened()}});
  return json_response(200, list);
}

HttpResponse requests_of(const StandIn& one) {
  if (!one.seen) return problem(404, one.name + " passes bytes on and knows no requests");
  json::array list;
  for (auto& request : one.seen())
    list.push_back({{"number", request.number},
                    {"at", to_rfc3339(request.at)},
                    {"method", request.method},
                    {"target", request.target},
                    {"body", is_valid_utf8(request.body) ? json::value(json::string(request.body))
                                                         : json::value(nullptr)},
                    {"status", request.status},
                    {"fault", request.fault}});
  return json_response(200, list);
}

HttpResponse faults_of(const StandIn& one) { return net::text_response(200, one.faults->text()); }

HttpResponse set_faults(const StandIn& one, HttpRequest request) {
  auto set = one.faults->set(std::move(request.body));
  return set ? faults_of(one) : problem(400, set.error().detail);
}

HttpResponse cut_connections(const StandIn& one) {
  if (!one.cut) return problem(404, one.name + " is no gate");
  one.cut();
  HttpResponse done;
  done.status = 204;
  return done;
}

}  // namespace

void mount_control(net::Router& router, std::vector<StandIn>& all) {
  router.add(net::Method::get, "/_simulator",
             [&all](HttpRequest) -> asio::awaitable<HttpResponse> { co_return what_runs(all); });
  auto add = [&](net::Method method, std::string what, auto act) {
    auto handler = [&all, act](HttpRequest request) -> asio::awaitable<HttpResponse> {
      auto name = std::string(request.path_value("name").value_or(""));
      auto found = std::ranges::find(all, name, &StandIn::name);
      if (found == all.end()) co_return problem(404, "nothing called " + name + " runs here");
      co_return act(*found, std::move(request));
    };
    router.add(method, "/_simulator/{name}/" + what, handler, {longest_plan_bytes});
  };
  add(net::Method::get, "faults", [](auto& one, HttpRequest) { return faults_of(one); });
  add(net::Method::put, "faults",
      [](auto& one, HttpRequest request) { return set_faults(one, std::move(request)); });
  add(net::Method::get, "requests", [](auto& one, HttpRequest) { return requests_of(one); });
  add(net::Method::delete_, "connections",
      [](auto& one, HttpRequest) { return cut_connections(one); });
}

}  // namespace parley::app
