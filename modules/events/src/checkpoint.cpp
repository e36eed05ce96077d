#include "checkpoint.hpp"

namespace parley::events {

namespace {

constexpr std::size_t max_lag_counted = 10'000;
constexpr std::size_t max_reason_length = 500;

store::Position position_of(const store::Row& row) {
  return {row.integer("transaction_id"), row.integer("sequence")};
}

Result<void> changed_one(const Result<std::int64_t>& changed) {
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 1) return {};
  return fail(Errc::conflict, "another node follows this subscription");
}

/// Reasons come from exceptions and other systems: any bytes, any length. Stored as plain ASCII.
std::string shortened(std::string reason) {
  if (reason.size() > max_reason_length) reason.resize(max_reason_length);
  for (char& c : reason)
    if (static_cast<unsigned char>(c) >= 0x80 || c == '\0') c = '?';
  return reason;
}

}  // namespace

Result<std::optional<Checkpoint>> load_checkpoint(store::Tx& tx, const std::string& subscription) {
  auto rows = tx.query(
      "SELECT transaction_id, sequence, attempts, last_error, lease_owner, lease_until, "
      "stopped_at, "
      "rebuildable, rebuild, rebuild_transaction_id, rebuild_sequence FROM event_subscriptions "
      "WHERE name = ?1",
      {subscription});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto& row = rows->front();
  Checkpoint checkpoint;
  checkpoint.position = position_of(row);
  checkpoint.attempts = row.integer("attempts");
  checkpoint.last_error = row.optional_text("last_error");
  checkpoint.lease_owner = row.text("lease_owner");
  if (!row.text("stopped_at").empty()) checkpoint.stopped_at = row.time("stopped_at");
  checkpoint.rebuildable = row.integer("rebuildable") != 0;
  if (auto phase = row.text("rebuild"); !phase.empty())
    checkpoint.rebuild =
        Rebuild{phase == "emptying" ? Rebuild::Phase::emptying : Rebuild::Phase::replaying,
                {row.integer("rebuild_transaction_id"), row.integer("rebuild_sequence")}};
  if (!row.text("lease_until").empty()) checkpoint.lease_until = row.time("lease_until");
  return checkpoint;
}

Result<void> create_checkpoint(store::Tx& tx, const std::string& subscription,
                               store::Position position) {
  auto made = tx.execute(
      "INSERT INTO event_subscriptions (name, transaction_id, sequence, updated_at) "
      "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO NOTHING",
      {subscription, position.transaction, position.sequence, tx.now()});
  if (!made) return std::unexpected(made.error());
  return {};
}

Result<void> declare_rebuildable(store::Tx& tx, const std::string& subscription, bool rebuildable) {
  auto declared = tx.execute("UPDATE event_subscriptions SET rebuildable = ?1 WHERE name = ?2",
                             {static_cast<std::int64_t>(rebuildable), subscription});
  if (!declared) return std::unexpected(declared.error());
  return {};
}

Result<void> move_checkpoint(store::Tx& tx, const Claim& claim, store::Position from,
                             store::Position to) {
  return changed_one(tx.execute(
      "UPDATE event_subscriptions SET transaction_id = ?1, sequence = ?2, attempts = 0, "
      "last_error = NULL, stopped_at = '', lease_owner = ?3, lease_until = ?4, "
      "updated_at = ?5, rebuild = CASE WHEN rebuild = 'replaying' AND "
      "(?1 > rebuild_transaction_id OR "
      "(?1 = rebuild_transaction_id AND ?2 >= rebuild_sequence)) "
      "THEN '' ELSE rebuild END WHERE name = ?6 AND transaction_id = ?7 AND sequence = ?8 "
      "AND (lease_owner = ?3 OR lease_until < ?5)",
      {to.transaction, to.sequence, claim.node, claim.lease_until, tx.now(), claim.subscription,
       from.transaction, from.sequence}));
}

Result<void> renew_lease(store::Tx& tx, const Claim& claim, store::Position from) {
  return changed_one(
      tx.execute("UPDATE event_subscriptions SET lease_owner = ?1, lease_until = ?2 "
                 "WHERE name = ?3 AND transaction_id = ?4 AND sequence = ?5 "
                 "AND (lease_owner = ?1 OR lease_until < ?6)",
                 {claim.node, claim.lease_until, claim.subscription, from.transaction,
                  from.sequence, tx.now()}));
}

Result<void> note_failure(store::Tx& tx, const Claim& claim, store::Position from,
                          std::int64_t attempts, const std::string& reason) {
  return changed_one(
      tx.execute("UPDATE event_subscriptions SET attempts = ?1, last_error = ?2, lease_owner = ?3, "
                 "lease_until = ?4, updated_at = ?5 "
                 "WHERE name = ?6 AND transaction_id = ?7 AND sequence = ?8 "
                 "AND (lease_owner = ?3 OR lease_until < ?5)",
                 {attempts, shortened(reason), claim.node, claim.lease_until, tx.now(),
                  claim.subscription, from.transaction, from.sequence}));
}

Result<void> stop_at(store::Tx& tx, const Claim& claim, store::Position from, std::int64_t attempts,
                     const std::string& reason) {
  return changed_one(
      tx.execute("UPDATE event_subscriptions SET attempts = ?1, last_error = ?2, "
                 "stopped_at = CASE WHEN stopped_at = '' THEN ?4 ELSE stopped_at END, "
                 "lease_owner = '', lease_until = '', updated_at = ?4 "
                 "WHERE name = ?5 AND transaction_id = ?6 AND sequence = ?7 "
                 "AND (lease_owner = ?3 OR lease_until < ?4)",
                 {attempts, shortened(reason), claim.node, tx.now(), claim.subscription,
                  from.transaction, from.sequence}));
}

Result<void> begin_replay(store::Tx& tx, const Claim& claim, store::Position from) {
  auto begun = changed_one(
      tx.execute("UPDATE event_subscriptions SET transaction_id = 0, sequence = 0, attempts = 0, "
                 "last_error = NULL, rebuild = 'replaying', updated_at = ?1 WHERE name = ?2 "
                 "AND transaction_id = ?3 AND sequence = ?4 AND rebuild = 'emptying'",
                 {tx.now(), claim.subscription, from.transaction, from.sequence}));
  if (!begun) return begun;
  auto forgotten =
      tx.execute("DELETE FROM event_dead_letters WHERE subscription = ?1", {claim.subscription});
  if (!forgotten) return std::unexpected(forgotten.error());
  return {};
}

Result<void> park(store::Tx& tx, const std::string& subscription, const store::StoredEvent& event,
                  std::int64_t attempts, const std::string& reason) {
  auto parked = tx.execute(
      "INSERT INTO event_dead_letters (subscription, event_id, organization_id, transaction_id, "
      "sequence, attempts, reason, parked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
      "ON CONFLICT (subscription, event_id) DO UPDATE SET attempts = excluded.attempts, "
      "reason = excluded.reason, parked_at = excluded.parked_at",
      {subscription, event.id, event.organization, event.position.transaction,
       event.position.sequence, attempts, shortened(reason), tx.now()});
  if (!parked) return std::unexpected(parked.error());
  return {};
}

Result<void> release_leases(store::Tx& tx, const std::string& node) {
  auto released = tx.execute(
      "UPDATE event_subscriptions SET lease_owner = '', lease_until = '' WHERE lease_owner = ?1",
      {node});
  if (!released) return std::unexpected(released.error());
  return {};
}

Result<SubscriptionStatus> load_status(store::Tx& tx, const std::string& subscription,
                                       const store::EventFilter& filter) {
  SubscriptionStatus status;
  status.name = subscription;
  auto checkpoint = load_checkpoint(tx, subscription);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (*checkpoint) {
    status.position = (*checkpoint)->position;
    status.attempts = (*checkpoint)->attempts;
    status.last_error = (*checkpoint)->last_error;
    status.stopped_at = (*checkpoint)->stopped_at;
    status.rebuild = (*checkpoint)->rebuild;
  }
  auto lag = store::count_events(tx, filter, status.position, max_lag_counted);
  if (!lag) return std::unexpected(lag.error());
  status.lag = *lag;
  if (*lag > 0) {
    auto oldest = store::read_events(tx, filter, status.position, 1);
    if (!oldest) return std::unexpected(oldest.error());
    if (!oldest->empty())
      status.behind = std::max(
          std::chrono::milliseconds(0),
          std::chrono::duration_cast<std::chrono::milliseconds>(tx.now() - oldest->front().time));
  }
  auto parked = tx.one("SELECT COUNT(*) AS many FROM event_dead_letters WHERE subscription = ?1",
                       {subscription});
  if (!parked) return std::unexpected(parked.error());
  status.parked = parked->integer("many");
  return status;
}

Result<std::vector<DeadLetter>> load_dead_letters(store::Tx& tx, const std::string& subscription,
                                                  std::size_t limit) {
  if (limit < 1 || limit > 1000) return fail(Errc::invalid, "limit must be 1 to 1000");
  auto rows = tx.query(
      "SELECT event_id, organization_id, transaction_id, sequence, attempts, reason, parked_at "
      "FROM event_dead_letters WHERE subscription = ?1 ORDER BY transaction_id, sequence LIMIT ?2",
      {subscription, static_cast<std::int64_t>(limit)});
  if (!rows) return std::unexpected(rows.error());
  std::vector<DeadLetter> letters;
  for (const auto& row : *rows)
    letters.push_back({subscription, row.text("event_id"),
                       row.id<OrganizationId>("organization_id"), position_of(row),
                       row.integer("attempts"), row.text("reason"), row.time("parked_at")});
  return letters;
}

Result<store::StoredEvent> load_parked_event(store::Tx& tx, const std::string& subscription,
                                             const std::string& event_id) {
  auto letter = tx.one(
      "SELECT transaction_id, sequence FROM event_dead_letters "
      "WHERE subscription = ?1 AND event_id = ?2",
      {subscription, event_id});
  if (!letter) return std::unexpected(letter.error());
  auto event = store::find_event(tx, position_of(*letter));
  if (!event) return std::unexpected(event.error());
  if (!*event) return fail(Errc::not_found, "no such event");
  return std::move(**event);
}

Result<void> remove_dead_letter(store::Tx& tx, const std::string& subscription,
                                const std::string& event_id) {
  auto removed =
      tx.execute("DELETE FROM event_dead_letters WHERE subscription = ?1 AND event_id = ?2",
                 {subscription, event_id});
  if (!removed) return std::unexpected(removed.error());
  // Somebody else was faster: with this error a projection is rolled back.
  if (*removed == 0) return fail(Errc::not_found, "the event is no longer parked");
  return {};
}

}  // namespace parley::events
