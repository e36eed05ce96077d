#include "route.hpp"

#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "parley/auth/permissions.hpp"
#include "parley/base/strings.hpp"
#include "values.hpp"

namespace parley::api {

std::string Query::text(std::string_view name) const { return text_in(values_, name).value_or(""); }
std::optional<std::int64_t> Query::integer(std::string_view name) const {
  return integer_in(values_, name);
}
std::int64_t Query::integer(std::string_view name, std::int64_t otherwise) const {
  return integer_in(values_, name).value_or(otherwise);
}
std::optional<WallTime> Query::time(std::string_view name) const { return time_in(values_, name); }
std::string Query::phone(std::string_view name) const { return phone_in(values_, name); }

std::string Request::path(std::string_view name) const {
  return std::string(http.path_value(name).value_or(""));
}

auth::ClientTrace Request::client() const {
  return {client_ip, std::string(http.headers.get("User-Agent").value_or(""))};
}

bool Request::has_if_match() const { return http.headers.get("If-Match").has_value(); }

std::expected<void, Failure> Request::check_if_match(std::int64_t version) const {
  auto header = http.headers.get("If-Match");
  if (!header) return {};
  auto wanted = fmt::format("\"v{}\"", version);
  for (auto& given : split(*header, ',')) {
    auto tag = trim(given);
    if (tag == "*" || tag == wanted) return {};
  }
  return refuse(412, "precondition_failed",
                "It was changed in the meantime: read it again, then decide.");
}

json::object page_of(std::int64_t page, std::int64_t limit, std::int64_t total) {
  auto pages = (total + limit - 1) / limit;
  return {{"total", total},          {"page", page},       {"pages", pages}, {"limit", limit},
          {"hasNext", page < pages}, {"hasPrev", page > 1}};
}

std::vector<QueryParameter> page_parameters(const std::vector<std::string>& sorted_by) {
  std::vector<std::string> orders;
  for (auto& field : sorted_by) {
    orders.push_back(field);
    orders.push_back("-" + field);
  }
  return {{"page", schema::integer(1, 1'000'000), "Which page, from 1."},
          {"limit", schema::integer(1, 200), "How many a page; 50 unless told."},
          {"sort", schema::choice(std::move(orders)), "By this; with - the greatest first."}};
}

namespace {

[[noreturn]] void wrong(const Route& route, std::string_view why) {
  throw std::logic_error(fmt::format("route {} {}: {}", to_string(route.method), route.path, why));
}
[[noreturn]] void wrong(const SocketRoute& socket, std::string_view why) {
  throw std::logic_error(fmt::format("socket {}: {}", socket.path, why));
}

void check_refs(const json::value& value, const Schemas& named, const Route& route) {
  if (auto* list = value.if_array())
    for (auto& item : *list) check_refs(item, named, route);
  auto* object = value.if_object();
  if (!object) return;
  for (auto& [key, member] : *object) {
    if (key == "$ref") {
      auto name = std::string_view(member.get_string());
      name.remove_prefix(name.rfind('/') + 1);
      if (!named.contains(name)) wrong(route, fmt::format("schema {} is not defined", name));
    }
    check_refs(member, named, route);
  }
}

void check(const Route& route, const RouteTable& table) {
  if (!route.handler) wrong(route, "has no handler");
  if (route.summary.empty() || route.group.empty()) wrong(route, "says nothing about itself");
  bool needs_permission =
      route.access == Access::permitted || route.access == Access::permitted_or_local;
  if (needs_permission == route.permission.empty())
    wrong(route, "needs a permission, or is for anyone; not both");
  if (!route.permission.empty() && !auth::is_permission(route.permission))
    wrong(route, "asks for a permission that does not exist");
  if ((route.body == BodyKind::none) != route.request.empty())
    wrong(route, "has a body without a schema, or a schema without a body");
  check_refs(route.request.body, table.schemas, route);
  check_refs(route.response.body, table.schemas, route);
}

void check(const SocketRoute& socket) {
  if (!socket.handler) wrong(socket, "has no handler");
  if (socket.summary.empty() || socket.group.empty()) wrong(socket, "says nothing about itself");
  if (!auth::is_permission(socket.permission))
    wrong(socket, "asks for a permission that does not exist");
}

}  // namespace

RouteTable route_table() {
  RouteTable table;
  add_auth_routes(table);
  add_user_routes(table);
  add_business_routes(table);
  add_agent_routes(table);
  add_eval_routes(table);
  add_knowledge_routes(table);
  add_booking_routes(table);
  add_call_routes(table);
  add_live_call_routes(table);
  add_listening_socket(table);
  add_event_routes(table);
  add_webhook_routes(table);
  add_suite_routes(table);
  add_gateway_routes(table);
  add_job_routes(table);
  add_saga_routes(table);
  add_service_routes(table);
  add_health_routes(table);
  add_web_voice_routes(table);
  std::set<std::string> names;
  for (auto& route : table.routes) {
    check(route, table);
    if (!names.insert(route.name).second) wrong(route, "shares its name with another");
  }
  for (auto& socket : table.sockets) {
    check(socket);
    if (!names.insert(socket.name).second) wrong(socket, "shares its name with another");
  }
  return table;
}

}  // namespace parley::api
