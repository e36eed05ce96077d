#include "inbox_rows.hpp"

#include <algorithm>
#include <array>

#include "paged_rows.hpp"

namespace parley::webhooks {

namespace {

struct Name {
  InboxStatus status;
  std::string_view text;
};
constexpr std::array names{Name{InboxStatus::received, "received"},
                           Name{InboxStatus::applied, "applied"}, Name{InboxStatus::stale, "stale"},
                           Name{InboxStatus::ignored, "ignored"}, Name{InboxStatus::dead, "dead"}};
constexpr int removed_at_once = 20;

Result<void> nothing(Result<std::int64_t> changed) {
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Received read(const store::Row& row) {
  Received event;
  event.id = row.id<InboxId>("id");
  event.what.source = row.text("source");
  event.what.kind = row.text("kind");
  event.what.event_id = row.text("event_id");
  event.what.event_type = row.text("event_type");
  event.what.subject = row.text("subject");
  event.what.sequence = row.optional_integer("sequence");
  event.what.body = row.text("body");
  event.status = parse_inbox_status(row.text("status")).value_or(InboxStatus::received);
  event.repeats = row.integer("repeats");
  event.attempts = row.integer("attempts");
  event.last_error = row.text("last_error");
  event.received_at = row.time("received_at");
  event.processed_at = row.optional_time("processed_at");
  return event;
}

}  // namespace

std::string_view to_string(InboxStatus status) noexcept {
  return std::ranges::find(names, status, &Name::status)->text;
}

std::optional<InboxStatus> parse_inbox_status(std::string_view text) noexcept {
  auto found = std::ranges::find(names, text, &Name::text);
  if (found == names.end()) return std::nullopt;
  return found->status;
}

Result<Order> advance(store::Tx& tx, std::string_view source, std::string_view subject,
                      std::int64_t sequence) {
  auto changed = tx.execute(
      "INSERT INTO inbox_order (organization_id, source, subject, sequence) "
      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (organization_id, source, subject) "
      "DO UPDATE SET sequence = excluded.sequence "
      "WHERE inbox_order.sequence < excluded.sequence",
      {tx.context().organization, source, subject, sequence});
  if (!changed) return std::unexpected(changed.error());
  return *changed > 0 ? Order::newer : Order::older;
}

Result<bool> InboxRows::insert(store::Tx& tx, const InboxId& id, const NewReceived& event) {
  auto& organization = tx.context().organization;
  auto inserted = tx.execute(
      "INSERT INTO inbox (id, organization_id, source, kind, event_id, event_type, subject, "
      "sequence, body, status, received_at) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'received', ?10) "
      "ON CONFLICT (organization_id, source, event_id) DO NOTHING",
      {id, organization, event.source, event.kind, event.event_id, event.event_type, event.subject,
       event.sequence, event.body, tx.now()});
  if (!inserted) return std::unexpected(inserted.error());
  if (*inserted > 0) return true;
  auto counted = tx.execute(
      "UPDATE inbox SET repeats = repeats + 1 "
      "WHERE organization_id = ?1 AND source = ?2 AND event_id = ?3",
      {organization, event.source, event.event_id});
  if (!counted) return std::unexpected(counted.error());
  return false;
}

Result<InboxId> InboxRows::find(store::Tx& tx, const NewReceived& event) {
  auto row = tx.one(
      "SELECT id FROM inbox WHERE organization_id = ?1 AND source = ?2 "
      "AND event_id = ?3",
      {tx.context().organization, event.source, event.event_id});
  if (!row) return std::unexpected(row.error());
  return row->id<InboxId>("id");
}

Result<Received> InboxRows::get(store::Tx& tx, const InboxId& id) {
  auto row = tx.one("SELECT * FROM inbox WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such webhook in the inbox");
  if (!row) return std::unexpected(row.error());
  return read(*row);
}

Result<Inbox::Page> InboxRows::list(store::Tx& tx, const Inbox::Filter& filter) {
  PagedRows paged(tx, "inbox");
  if (filter.status) paged.only("status", to_string(*filter.status));
  if (!filter.source.empty()) paged.only("source", filter.source);
  constexpr std::array fields{store::SortField{"receivedAt", "received_at"}};
  auto found = paged.read({filter.page, filter.limit, filter.sort}, fields);
  if (!found) return std::unexpected(found.error());
  Inbox::Page page;
  page.total = found->total;
  for (auto& row : found->rows) page.items.push_back(read(row));
  return page;
}

Result<std::string> InboxRows::job_of(store::Tx& tx, const InboxId& id) {
  auto row = tx.one("SELECT job_id FROM inbox WHERE organization_id = ?1 AND id = ?2",
                    {tx.context().organization, id});
  if (!row) return std::unexpected(row.error());
  return row->text("job_id");
}

Result<void> InboxRows::set_job(store::Tx& tx, const InboxId& id, const JobId& job) {
  return nothing(
      tx.execute("UPDATE inbox SET job_id = ?3, status = 'received', last_error = '', "
                 "processed_at = NULL WHERE organization_id = ?1 AND id = ?2",
                 {tx.context().organization, id, job}));
}

Result<void> InboxRows::set_processed(store::Tx& tx, const InboxId& id, InboxStatus status,
                                      std::int64_t attempts) {
  return nothing(
      tx.execute("UPDATE inbox SET status = ?3, attempts = ?4, last_error = '', "
                 "processed_at = ?5 WHERE organization_id = ?1 AND id = ?2",
                 {tx.context().organization, id, to_string(status), attempts, tx.now()}));
}

Result<void> InboxRows::set_failed(store::Tx& tx, const InboxId& id, const JobId& job,
                                   InboxStatus status, std::int64_t attempts,
                                   const std::string& reason) {
  return nothing(
      tx.execute("UPDATE inbox SET status = ?4, attempts = ?5, last_error = ?6 "
                 "WHERE organization_id = ?1 AND id = ?2 AND job_id = ?3 AND status = 'received'",
                 {tx.context().organization, id, job, to_string(status), attempts, reason}));
}

Result<void> InboxRows::remove_before(store::Tx& tx, WallTime when) {
  // Ids are in order of time, so the oldest stand first in the index.
  return nothing(
      tx.execute("DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE organization_id = ?1 "
                 "AND received_at < ?2 AND status <> 'received' ORDER BY id LIMIT ?3)",
                 {tx.context().organization, when, removed_at_once}));
}

}  // namespace parley::webhooks
