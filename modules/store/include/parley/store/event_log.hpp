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
/// The place of the newest readable event; the beginning when there is none.
Result<Position> newest_position(Tx& tx);
/// How many readable events follow `after`, counted no further than `at_most`.
Result<std::int64_t> count_events(Tx& tx, const EventFilter& filter, Position after,
                                  std::size_t at_most);

}  // namespace parley::store
