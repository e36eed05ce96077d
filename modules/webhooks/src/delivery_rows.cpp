#include "delivery_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "paged_rows.hpp"

namespace parley::webhooks {

namespace {

struct Name {
  DeliveryStatus status;
  std::string_view text;
};
constexpr std::array names{Name{DeliveryStatus::pending, "pending"},
                           Name{DeliveryStatus::delivered, "delivered"},
                           Name{DeliveryStatus::failed, "failed"}};
constexpr std::int64_t kept_attempts = 40;
constexpr int removed_at_once = 20;

Result<void> nothing(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Delivery read(const store::Row& row) {
  Delivery delivery;
  delivery.id = row.id<DeliveryId>("id");
  delivery.endpoint = row.id<EndpointId>("endpoint_id");
  delivery.event_id = row.text("event_id");
  delivery.event_type = row.text("event_type");
  delivery.body = row.text("body");
  delivery.status = parse_delivery_status(row.text("status")).value_or(DeliveryStatus::pending);
  delivery.attempts = row.integer("attempts");
  delivery.last_error = row.text("last_error");
  delivery.last_response_status = row.optional_integer("last_response_status");
  delivery.created = row.time("created_at");
  delivery.last_attempt_at = row.optional_time("last_attempt_at");
  delivery.next_attempt_at = row.optional_time("next_attempt_at");
  return delivery;
}

std::vector<Delivery> read_all(const store::Rows& rows) {
  std::vector<Delivery> all;
  for (auto& row : rows) all.push_back(read(row));
  return all;
}

}  // namespace

std::string_view to_string(DeliveryStatus status) noexcept {
  return std::ranges::find(names, status, &Name::status)->text;
}

std::optional<DeliveryStatus> parse_delivery_status(std::string_view text) noexcept {
  auto found = std::ranges::find(names, text, &Name::text);
  if (found == names.end()) return std::nullopt;
  return found->status;
}

Result<bool> DeliveryRows::insert(store::Tx& tx, const Delivery& delivery) {
  auto inserted = tx.execute(
      "INSERT INTO webhook_deliveries (id, organization_id, endpoint_id, event_id, event_type, "
      "body, status, job_id, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', '', ?7) "
      "ON CONFLICT (endpoint_id, event_id) DO NOTHING",
      {delivery.id, tx.context().organization, delivery.endpoint, delivery.event_id,
       delivery.event_type, delivery.body, tx.now()});
  if (!inserted) return std::unexpected(inserted.error());
  return *inserted > 0;
}

namespace {
Result<DeliveryState> read_state(store::Tx& tx, const DeliveryId& id, std::string_view lock) {
  auto row =
      tx.one(fmt::format(
                 "SELECT * FROM webhook_deliveries WHERE organization_id = ?1 AND id = ?2{}", lock),
             {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such webhook delivery");
  if (!row) return std::unexpected(row.error());
  return DeliveryState{read(*row), row->text("job_id"), row->integer("round_attempts")};
}
}  // namespace

Result<DeliveryState> DeliveryRows::state(store::Tx& tx, const DeliveryId& id) {
  return read_state(tx, id, "");
}
Result<DeliveryState> DeliveryRows::locked_state(store::Tx& tx, const DeliveryId& id) {
  return read_state(tx, id, tx.for_update());
}

Result<Deliveries::Page> DeliveryRows::list(store::Tx& tx, const Deliveries::Filter& filter) {
  PagedRows paged(tx, "webhook_deliveries");
  if (!filter.endpoint.empty()) paged.only("endpoint_id", filter.endpoint.str());
  if (filter.status) paged.only("status", to_string(*filter.status));
  if (!filter.event_type.empty()) paged.only("event_type", filter.event_type);
  constexpr std::array fields{store::SortField{"createdAt", "created_at"}};
  auto found = paged.read({filter.page, filter.limit, filter.sort}, fields);
  if (!found) return std::unexpected(found.error());
  return Deliveries::Page{read_all(found->rows), found->total};
}

Result<std::vector<DeliveryAttempt>> DeliveryRows::attempts(store::Tx& tx, const DeliveryId& id) {
  auto rows = tx.query(
      "SELECT * FROM webhook_attempts WHERE organization_id = ?1 AND delivery_id = ?2 "
      "ORDER BY number",
      {tx.context().organization, id});
  if (!rows) return std::unexpected(rows.error());
  std::vector<DeliveryAttempt> all;
  for (auto& row : *rows)
    all.push_back({row.integer("number"), row.text("url"), row.time("sent_at"),
                   std::chrono::milliseconds(row.integer("duration_ms")),
                   row.optional_integer("response_status"), row.text("response_body"),
                   row.text("error")});
  return all;
}

Result<std::vector<Delivery>> DeliveryRows::in_range(store::Tx& tx, const Deliveries::Range& range,
                                                     std::int64_t limit) {
  auto rows = tx.query(
      "SELECT * FROM webhook_deliveries WHERE organization_id = ?1 AND endpoint_id = ?2 "
      "AND (created_at, id) >= (?3, ?4) AND created_at < ?5 AND (?6 = '' OR status = ?6) "
      "ORDER BY created_at, id LIMIT ?7",
      {tx.context().organization, range.endpoint, range.from.created, range.from.id, range.to,
       range.status ? to_string(*range.status) : std::string_view(), limit});
  if (!rows) return std::unexpected(rows.error());
  return read_all(*rows);
}

Result<void> DeliveryRows::set_job(store::Tx& tx, const DeliveryId& id, const JobId& job,
                                   WallTime at) {
  return nothing(
      tx.execute("UPDATE webhook_deliveries SET job_id = ?3, next_attempt_at = ?4 "
                 "WHERE organization_id = ?1 AND id = ?2",
                 {tx.context().organization, id, job, at}));
}

Result<void> DeliveryRows::set_pending(store::Tx& tx, const DeliveryId& id) {
  return nothing(
      tx.execute("UPDATE webhook_deliveries SET status = 'pending', round_attempts = 0 "
                 "WHERE organization_id = ?1 AND id = ?2",
                 {tx.context().organization, id}));
}

Result<void> DeliveryRows::set_ended(store::Tx& tx, const DeliveryId& id, DeliveryStatus status,
                                     std::string_view error) {
  return nothing(tx.execute(
      "UPDATE webhook_deliveries SET status = ?3, last_error = ?4, next_attempt_at = NULL "
      "WHERE organization_id = ?1 AND id = ?2",
      {tx.context().organization, id, to_string(status), error}));
}

Result<void> DeliveryRows::add_attempt(store::Tx& tx, const DeliveryId& id,
                                       const DeliveryAttempt& attempt) {
  auto& organization = tx.context().organization;
  auto counted = tx.execute(
      "UPDATE webhook_deliveries SET attempts = ?3, round_attempts = round_attempts + 1, "
      "last_attempt_at = ?4, last_response_status = ?5, last_error = ?6 "
      "WHERE organization_id = ?1 AND id = ?2",
      {organization, id, attempt.number, attempt.sent_at, attempt.response_status, attempt.error});
  if (!counted) return std::unexpected(counted.error());
  auto inserted = tx.execute(
      "INSERT INTO webhook_attempts (delivery_id, number, organization_id, url, sent_at, "
      "duration_ms, response_status, response_body, error) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {id, attempt.number, organization, attempt.url, attempt.sent_at, attempt.duration.count(),
       attempt.response_status, attempt.response_body, attempt.error});
  if (!inserted) return std::unexpected(inserted.error());
  return nothing(tx.execute("DELETE FROM webhook_attempts WHERE delivery_id = ?1 AND number <= ?2",
                            {id, attempt.number - kept_attempts}));
}

Result<void> DeliveryRows::remove_before(store::Tx& tx, WallTime when) {
  auto old = tx.query(
      "SELECT id FROM webhook_deliveries WHERE organization_id = ?1 AND created_at < ?2 "
      "AND status <> 'pending' ORDER BY id LIMIT ?3",
      {tx.context().organization, when, removed_at_once});
  if (!old) return std::unexpected(old.error());
  for (auto& row : *old)
    for (auto* statement : {"DELETE FROM webhook_attempts WHERE delivery_id = ?1",
                            "DELETE FROM webhook_deliveries WHERE id = ?1"})
      if (auto gone = tx.execute(statement, {row.text("id")}); !gone)
        return std::unexpected(gone.error());
  return {};
}

}  // namespace parley::webhooks
