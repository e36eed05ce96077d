#pragma once
#include <compare>
#include <string>
#include <vector>

#include "parley/store/tx.hpp"

namespace parley::store {

/// A place in the global order of events. On PostgreSQL the order is (transaction, sequence), and
/// only events of transactions older than every running one are readable, so a reader never skips
/// an event that commits late; so an open write transaction anywhere in that PostgreSQL cluster
/// holds readers back. On SQLite `transaction` is 0.
struct Position {
  std::int64_t transaction = 0;
  std::int64_t sequence = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
  std::string text() const;  ///< "12.345"
  static Result<Position> parse(std::string_view text);
};

struct StoredEvent {
  Position position;
  std::string id;  ///< evt_...
  OrganizationId organization;
  std::string stream;
  std::int64_t version = 0;
  std::string type;
  json::object data;
  std::string principal;
  WallTime time;
};

struct EventFilter {
  OrganizationId organization;     ///< empty: every organization (internal subscriptions only)
  std::string stream;              ///< empty: every stream
  std::vector<std::string> types;  ///< empty: every type; "call.*" matches by prefix
};

/// Events after `after`, in global order, at most `limit` (1..1000).
Result<std::vector<StoredEvent>> read_events(Tx& tx, const EventFilter& filter, Position after,
                                             std::size_t limit);
/// The event at exactly this place, if it is readable.
Result<std::optional<StoredEvent>> find_event(Tx& tx, Position position);
/// The place of the newest readable event, also when it has been removed; the beginning when there
/// was none.
Result<Position> newest_position(Tx& tx);
/// Everything up to here may have been removed, and a reader that continues from before it misses
/// events; the beginning while nothing has been. What is readable after it is complete.
Result<Position> horizon(Tx& tx);
/// How many readable events follow `after`, counted no further than `at_most`.
Result<std::int64_t> count_events(Tx& tx, const EventFilter& filter, Position after,
                                  std::size_t at_most);

/// A stream's own events after a version, in their order, at most `limit` (1..1000); of the
/// transaction's organization. Also those not readable yet in the global order: who writes to a
/// stream decides by all of them.
Result<std::vector<StoredEvent>> read_stream(Tx& tx, const std::string& stream,
                                             std::int64_t after_version, std::size_t limit);

struct Removal {
  WallTime before;            ///< only events older than this
  Position up_to;             ///< and up to here, including
  std::size_t at_most = 500;  ///< looked at (1..1000)
};
struct Removed {
  std::int64_t removed = 0;
  Position horizon;   ///< where it is now
  bool more = false;  ///< call again
};
/// Removes events from the old end of the log, in its order, and moves the horizon. An event that
/// a subscription has parked stays below it, and one that is newer than a snapshot of its stream,
/// until they are no longer needed.
Result<Removed> remove_events(Tx& tx, const Removal& removal);

}  // namespace parley::store
