#include "parley/gateway/routes.hpp"

#include "parley/telemetry/log.hpp"
#include "routing_table.hpp"

namespace parley::gateway {

namespace {

/// Far more than an installation has; the whole table is in memory.
constexpr std::int64_t max_of_all = 20'000;

Result<void> one_row(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return fail(Errc::not_found, "no such gateway route");
  return {};
}

/// Whether its targets may be private is asked when they are connected to, by the setting of then.
Result<Route> read(const store::Row& row) {
  Route route;
  route.id = row.id<RouteId>("id");
  route.organization = row.id<OrganizationId>("organization_id");
  auto spec = parse_route(row.json("spec"), Reach::any);
  if (!spec) return fail(Errc::corrupt, "a stored route: " + spec.error().front().problem);
  route.spec = std::move(*spec);
  route.version = row.integer("version");
  route.created = row.time("created_at");
  route.updated = row.time("updated_at");
  return route;
}

Result<std::vector<Route>> rows_of(store::Tx& tx) {
  auto rows =
      tx.query("SELECT * FROM gateway_routes WHERE organization_id = ?1 ORDER BY id LIMIT ?2",
               {tx.context().organization, Routes::max_routes});
  if (!rows) return std::unexpected(rows.error());
  std::vector<Route> routes;
  for (auto& row : *rows) {
    auto route = read(row);
    if (!route) return std::unexpected(route.error());
    routes.push_back(std::move(*route));
  }
  return routes;
}

Result<Route> row_of(store::Tx& tx, const RouteId& id) {
  auto row = tx.one("SELECT * FROM gateway_routes WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such gateway route");
  if (!row) return std::unexpected(row.error());
  return read(*row);
}

Result<void> check_place(store::Tx& tx, const RouteSpec& spec, const RouteId& own) {
  auto routes = rows_of(tx);
  if (!routes) return std::unexpected(routes.error());
  for (auto& route : *routes)
    if (route.id != own && collide(route.spec, spec))
      return fail(Errc::conflict,
                  "the route " + route.id.str() + " stands at the same path for the same method");
  if (own.empty() && static_cast<std::int64_t>(routes->size()) >= Routes::max_routes)
    return fail(Errc::conflict, "an organization has at most 100 gateway routes");
  return {};
}

Result<void> tell(store::Tx& tx, const RouteId& id, std::string type, json::object data) {
  auto told = tx.append("gateway_route/" + id.str(), {std::move(type), std::move(data)});
  if (!told) return std::unexpected(told.error());
  return {};
}

}  // namespace

Task<Route> Routes::create(Context ctx, RouteSpec spec) {
  Route route;
  route.id = RouteId::make(clock_, random_);
  route.organization = ctx.organization;
  route.spec = std::move(spec);
  route.version = 1;
  auto change = [&](store::Tx& tx) -> Result<void> {
    if (auto free = check_place(tx, route.spec, {}); !free) return free;
    route.created = route.updated = tx.now();
    auto put = one_row(
        tx.execute("INSERT INTO gateway_routes (id, organization_id, spec, version, created_at, "
                   "updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                   {route.id, route.organization, json::serialize(route.spec.source), route.version,
                    route.created, route.updated}));
    if (!put) return put;
    return tell(tx, route.id, "gateway_route.created", {{"path", route.spec.path}});
  };
  auto stored = co_await database_.write(ctx, change);
  if (!stored) co_return std::unexpected(stored.error());
  co_return route;
}

Task<std::vector<Route>> Routes::list(Context ctx) {
  co_return co_await database_.read(ctx, rows_of);
}

Task<Route> Routes::get(Context ctx, RouteId id) {
  auto look = [&](store::Tx& tx) { return row_of(tx, id); };
  co_return co_await database_.read(ctx, look);
}

Task<Route> Routes::replace(Context ctx, RouteId id, RouteSpec spec,
                            std::optional<std::int64_t> expected_version) {
  auto change = [&](store::Tx& tx) -> Result<Route> {
    auto route = row_of(tx, id);
    if (!route) return route;
    if (expected_version && *expected_version != route->version)
      return fail(Errc::conflict, "the route was changed in the meantime");
    if (auto free = check_place(tx, spec, id); !free) return std::unexpected(free.error());
    route->spec = spec;
    route->updated = tx.now();
    ++route->version;
    auto put =
        one_row(tx.execute("UPDATE gateway_routes SET spec = ?3, version = ?4, updated_at = ?5 "
                           "WHERE organization_id = ?1 AND id = ?2",
                           {tx.context().organization, id, json::serialize(spec.source),
                            route->version, route->updated}));
    if (!put) return std::unexpected(put.error());
    auto told =
        tell(tx, id, "gateway_route.updated", {{"path", spec.path}, {"enabled", spec.enabled}});
    if (!told) return std::unexpected(told.error());
    return route;
  };
  co_return co_await database_.write(ctx, change);
}

Task<void> Routes::remove(Context ctx, RouteId id) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto gone =
        one_row(tx.execute("DELETE FROM gateway_routes WHERE organization_id = ?1 AND id = ?2",
                           {tx.context().organization, id}));
    if (!gone) return gone;
    return tell(tx, id, "gateway_route.removed", {});
  };
  co_return co_await database_.write(ctx, change);
}

Task<std::vector<Route>> Routes::all(Context ctx) {
  // Without an organization: each request then meets only its own, by the address.
  auto look = [](store::Tx& tx) {
    return tx.query("SELECT * FROM gateway_routes ORDER BY id LIMIT ?1", {max_of_all});
  };
  auto rows = co_await database_.read(ctx, look);
  if (!rows) co_return std::unexpected(rows.error());
  std::vector<Route> routes;
  for (auto& row : *rows) {
    auto route = read(row);
    if (route)
      routes.push_back(std::move(*route));
    else
      log::error("gateway.route_unreadable", {{"reason", route.error().detail}});
  }
  co_return routes;
}

}  // namespace parley::gateway
