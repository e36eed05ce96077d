#pragma once
#include <optional>
#include <string>

#include "parley/events/subscriptions.hpp"

namespace parley::events {

/// A subscription's row: how far it is, and which node follows it until when.
struct Checkpoint {
  store::Position position;
  std::int64_t attempts = 0;
  std::optional<std::string> last_error;
  std::string lease_owner;
  std::optional<WallTime> lease_until;
  std::optional<WallTime> stopped_at;
  bool rebuildable = false;
  std::optional<Rebuild> rebuild;

  bool free_for(const std::string& node, WallTime now) const {
    return lease_owner == node || !lease_until || *lease_until < now;
  }
};

/// Who writes the checkpoint, and where he believes it to be: if it has moved, nothing is written.
struct Claim {
  std::string subscription;
  std::string node;
  WallTime lease_until;
};

Result<std::optional<Checkpoint>> load_checkpoint(store::Tx& tx, const std::string& subscription);
/// Harmless when it is there already.
Result<void> create_checkpoint(store::Tx& tx, const std::string& subscription,
                               store::Position position);
Result<void> declare_rebuildable(store::Tx& tx, const std::string& subscription, bool rebuildable);
/// Errors: conflict when another node follows it now or has moved it.
Result<void> move_checkpoint(store::Tx& tx, const Claim& claim, store::Position from,
                             store::Position to);
/// Keeps the lease and leaves the rest as it is.
Result<void> renew_lease(store::Tx& tx, const Claim& claim, store::Position from);
Result<void> note_failure(store::Tx& tx, const Claim& claim, store::Position from,
                          std::int64_t attempts, const std::string& reason);
/// The event at `from` is not tried again for now; the lease is given back.
Result<void> stop_at(store::Tx& tx, const Claim& claim, store::Position from, std::int64_t attempts,
                     const std::string& reason);
/// The tables are empty: back to the beginning, and nothing is parked any more.
Result<void> begin_replay(store::Tx& tx, const Claim& claim, store::Position from);
Result<void> park(store::Tx& tx, const std::string& subscription, const store::StoredEvent& event,
                  std::int64_t attempts, const std::string& reason);
Result<void> release_leases(store::Tx& tx, const std::string& node);

Result<SubscriptionStatus> load_status(store::Tx& tx, const std::string& subscription,
                                       const store::EventFilter& filter);
Result<std::vector<DeadLetter>> load_dead_letters(store::Tx& tx, const std::string& subscription,
                                                  std::size_t limit);
/// Errors: not_found.
Result<store::StoredEvent> load_parked_event(store::Tx& tx, const std::string& subscription,
                                             const std::string& event_id);
Result<void> remove_dead_letter(store::Tx& tx, const std::string& subscription,
                                const std::string& event_id);

}  // namespace parley::events
