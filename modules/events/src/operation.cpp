#include "parley/events/operation.hpp"

#include "checkpoint.hpp"

namespace parley::events {

Result<std::vector<KnownSubscription>> known_subscriptions(store::Tx& tx) {
  auto rows = tx.query("SELECT name FROM event_subscriptions ORDER BY name");
  if (!rows) return std::unexpected(rows.error());
  std::vector<KnownSubscription> all;
  for (const auto& row : *rows) {
    auto checkpoint = load_checkpoint(tx, row.text("name"));
    if (!checkpoint) return std::unexpected(checkpoint.error());
    auto status = load_status(tx, row.text("name"), {});
    if (!status) return std::unexpected(status.error());
    bool followed = (*checkpoint)->lease_until && *(*checkpoint)->lease_until >= tx.now();
    all.push_back({std::move(*status), (*checkpoint)->rebuildable, followed});
  }
  return all;
}

Result<void> resume_subscription(store::Tx& tx, const std::string& subscription) {
  auto resumed = tx.execute(
      "UPDATE event_subscriptions SET attempts = 0, last_error = NULL, stopped_at = '', "
      "updated_at = ?1 WHERE name = ?2 AND stopped_at <> ''",
      {tx.now(), subscription});
  if (!resumed) return std::unexpected(resumed.error());
  if (*resumed == 1) return {};
  auto checkpoint = load_checkpoint(tx, subscription);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (!*checkpoint) return fail(Errc::not_found, "no such subscription");
  return fail(Errc::conflict, "the subscription is not stopped");
}

Result<void> request_rebuild(store::Tx& tx, const std::string& subscription) {
  auto checkpoint = load_checkpoint(tx, subscription);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (!*checkpoint) return fail(Errc::not_found, "no such subscription");
  if (!(*checkpoint)->rebuildable)
    return fail(Errc::unsupported, "this subscription cannot be rebuilt: it has effects outside");
  auto removed = store::horizon(tx);
  if (!removed) return std::unexpected(removed.error());
  if (*removed > store::Position{})
    return fail(Errc::conflict, "events up to " + removed->text() +
                                    " have been removed: tables made of the rest would lack them");
  auto newest = store::newest_position(tx);
  if (!newest) return std::unexpected(newest.error());
  // The place stays until the tables are empty: whoever projects meanwhile is emptied away too.
  auto asked = tx.execute(
      "UPDATE event_subscriptions SET rebuild = 'emptying', rebuild_transaction_id = ?1, "
      "rebuild_sequence = ?2, attempts = 0, last_error = NULL, stopped_at = '', updated_at = ?3 "
      "WHERE name = ?4",
      {newest->transaction, newest->sequence, tx.now(), subscription});
  if (!asked) return std::unexpected(asked.error());
  return {};
}

Result<void> forget_subscription(store::Tx& tx, const std::string& subscription) {
  auto checkpoint = load_checkpoint(tx, subscription);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (!*checkpoint) return fail(Errc::not_found, "no such subscription");
  if ((*checkpoint)->lease_until && *(*checkpoint)->lease_until >= tx.now())
    return fail(Errc::conflict, "a node follows this subscription");
  for (const auto* sql : {"DELETE FROM event_dead_letters WHERE subscription = ?1",
                          "DELETE FROM event_subscriptions WHERE name = ?1"})
    if (auto gone = tx.execute(sql, {subscription}); !gone) return std::unexpected(gone.error());
  return {};
}

}  // namespace parley::events
