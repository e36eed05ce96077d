#include "endpoint_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::webhooks {

namespace {

Result<void> one_row(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return fail(Errc::not_found, "no such webhook endpoint");
  return {};
}

Endpoint read(const store::Row& row) {
  Endpoint endpoint;
  endpoint.id = row.id<EndpointId>("id");
  endpoint.url = row.text("url");
  endpoint.description = row.text("description");
  for (auto& type : row.json("events").as_array()) endpoint.events.emplace_back(type.as_string());
  endpoint.state = row.flag("enabled") ? Endpoint::State::enabled : Endpoint::State::disabled;
  endpoint.disabled_reason = row.text("disabled_reason");
  endpoint.failing_since = row.optional_time("failing_since");
  endpoint.old_secret_until = row.optional_time("old_secret_until");
  endpoint.version = row.integer("version");
  endpoint.created = row.time("created_at");
  endpoint.updated = row.time("updated_at");
  return endpoint;
}

std::string filters_json(const Endpoint& endpoint) {
  return json::serialize(json::array(endpoint.events.begin(), endpoint.events.end()));
}

}  // namespace

std::string endpoint_stream(const EndpointId& id) { return "webhook_endpoint/" + id.str(); }

Result<std::int64_t> EndpointRows::count(store::Tx& tx) {
  auto row = tx.one("SELECT COUNT(*) AS many FROM webhook_endpoints WHERE organization_id = ?1",
                    {tx.context().organization});
  if (!row) return std::unexpected(row.error());
  return row->integer("many");
}

Result<void> EndpointRows::insert(store::Tx& tx, const Endpoint& endpoint,
                                  const std::string& sealed) {
  return one_row(tx.execute(
      "INSERT INTO webhook_endpoints (id, organization_id, url, description, events, enabled, "
      "sealed_secret, version, created_at, updated_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9)",
      {endpoint.id, tx.context().organization, endpoint.url, endpoint.description,
       filters_json(endpoint), sealed, endpoint.version, endpoint.created, endpoint.updated}));
}

Result<std::vector<Endpoint>> EndpointRows::list(store::Tx& tx) {
  auto rows =
      tx.query("SELECT * FROM webhook_endpoints WHERE organization_id = ?1 ORDER BY id LIMIT ?2",
               {tx.context().organization, Endpoints::max_endpoints});
  if (!rows) return std::unexpected(rows.error());
  std::vector<Endpoint> endpoints;
  for (auto& row : *rows) endpoints.push_back(read(row));
  return endpoints;
}

namespace {
Result<Endpoint> read_one(store::Tx& tx, const EndpointId& id, std::string_view lock) {
  auto row = tx.one(
      fmt::format("SELECT * FROM webhook_endpoints WHERE organization_id = ?1 AND id = ?2{}", lock),
      {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such webhook endpoint");
  if (!row) return std::unexpected(row.error());
  return read(*row);
}
}  // namespace

Result<Endpoint> EndpointRows::get(store::Tx& tx, const EndpointId& id) {
  return read_one(tx, id, "");
}
Result<Endpoint> EndpointRows::locked(store::Tx& tx, const EndpointId& id) {
  return read_one(tx, id, tx.for_update());
}

Result<void> EndpointRows::update(store::Tx& tx, const Endpoint& endpoint) {
  return one_row(tx.execute(
      "UPDATE webhook_endpoints SET url = ?3, description = ?4, events = ?5, enabled = ?6, "
      "disabled_reason = ?7, failing_since = ?8, version = ?9, updated_at = ?10 "
      "WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, endpoint.id, endpoint.url, endpoint.description,
       filters_json(endpoint), endpoint.state == Endpoint::State::enabled, endpoint.disabled_reason,
       endpoint.failing_since, endpoint.version, endpoint.updated}));
}

Result<void> EndpointRows::remove(store::Tx& tx, const EndpointId& id) {
  auto& organization = tx.context().organization;
  auto removed = tx.execute("DELETE FROM webhook_endpoints WHERE organization_id = ?1 AND id = ?2",
                            {organization, id});
  if (auto one = one_row(std::move(removed)); !one) return one;
  auto attempts = tx.execute(
      "DELETE FROM webhook_attempts WHERE delivery_id IN "
      "(SELECT id FROM webhook_deliveries WHERE organization_id = ?1 AND endpoint_id = ?2)",
      {organization, id});
  if (!attempts) return std::unexpected(attempts.error());
  auto deliveries =
      tx.execute("DELETE FROM webhook_deliveries WHERE organization_id = ?1 AND endpoint_id = ?2",
                 {organization, id});
  if (!deliveries) return std::unexpected(deliveries.error());
  return {};
}

Result<void> EndpointRows::rotate(store::Tx& tx, const EndpointId& id, const std::string& sealed,
                                  WallTime old_until) {
  return one_row(tx.execute(
      "UPDATE webhook_endpoints SET sealed_old_secret = sealed_secret, sealed_secret = ?3, "
      "old_secret_until = ?4, version = version + 1, updated_at = ?5 "
      "WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, id, sealed, old_until, tx.now()}));
}

Result<std::vector<std::string>> EndpointRows::sealed_secrets(store::Tx& tx, const EndpointId& id) {
  auto row = tx.one(
      "SELECT sealed_secret, sealed_old_secret, old_secret_until FROM webhook_endpoints "
      "WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, id});
  if (!row) return std::unexpected(row.error());
  std::vector<std::string> sealed{row->text("sealed_secret")};
  auto until = row->optional_time("old_secret_until");
  if (until && tx.now() < *until)
    if (auto old = row->optional_text("sealed_old_secret")) sealed.push_back(*old);
  return sealed;
}

Result<void> EndpointRows::set_failing_since(store::Tx& tx, const EndpointId& id,
                                             std::optional<WallTime> since) {
  return one_row(tx.execute(
      "UPDATE webhook_endpoints SET failing_since = ?3 WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, id, since}));
}

Result<void> EndpointRows::disable(store::Tx& tx, const EndpointId& id, std::string_view reason) {
  return one_row(tx.execute(
      "UPDATE webhook_endpoints SET enabled = 0, disabled_reason = ?3, version = version + 1, "
      "updated_at = ?4 WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, id, reason, tx.now()}));
}

}  // namespace parley::webhooks
