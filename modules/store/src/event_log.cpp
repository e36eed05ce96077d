#include "parley/store/event_log.hpp"

#include <charconv>

namespace parley::store {

std::string Position::text() const {
  return std::to_string(transaction) + "." + std::to_string(sequence);
}

Result<Position> Position::parse(std::string_view text) {
  auto number = [](std::string_view part, std::int64_t& out) {
    auto [stop, ec] = std::from_chars(part.data(), part.data() + part.size(), out);
    return ec == std::errc{} && stop == part.data() + part.size() && out >= 0;
  };
  Position position;
  auto dot = text.find('.');
  if (dot == std::string_view::npos || !number(text.substr(0, dot), position.transaction) ||
      !number(text.substr(dot + 1), position.sequence))
    return fail(Errc::invalid, "a position in the event log looks like 0.123");
  return position;
}

namespace {

/// Gathers conditions with their numbered parameters.
class Conditions {
 public:
  std::string parameter(Value value) {
    params_.push_back(std::move(value));
    return "?" + std::to_string(params_.size());
  }
  void add(const std::string& condition) {
    sql_ += sql_.empty() ? " WHERE " : " AND ";
    sql_ += condition;
  }
  const std::string& sql() const { return sql_; }
  Params take_params() { return std::move(params_); }

 private:
  std::string sql_;
  Params params_;
};

std::string type_condition(Conditions& where, const std::string& type) {
  if (!type.ends_with(".*")) return "type = " + where.parameter(type);
  auto from = type.substr(0, type.size() - 1);
  auto to = from;
  to.back() = '/';  // the character after the dot
  return "(type >= " + where.parameter(from) + " AND type < " + where.parameter(to) + ")";
}

void add_filter(Conditions& where, const EventFilter& filter) {
  if (filter.organization) where.add("organization_id = " + where.parameter(filter.organization));
  if (!filter.stream.empty()) where.add("stream = " + where.parameter(filter.stream));
  if (filter.types.empty()) return;
  std::string any;
  for (const auto& type : filter.types)
    any += (any.empty() ? "(" : " OR ") + type_condition(where, type);
  where.add(any + ")");
}

void add_after(Conditions& where, Position after) {
  auto transaction = where.parameter(after.transaction);
  auto sequence = where.parameter(after.sequence);
  where.add("(transaction_id, sequence) > (" + transaction + ", " + sequence + ")");
}

Position position_of(const Row& row) {
  return {row.integer("transaction_id"), row.integer("sequence")};
}

StoredEvent event_of(const Row& row) {
  StoredEvent event;
  event.position = position_of(row);
  event.id = row.text("id");
  event.organization = row.id<OrganizationId>("organization_id");
  event.stream = row.text("stream");
  event.version = row.integer("version");
  event.type = row.text("type");
  event.data = row.json("data").as_object();
  event.principal = row.text("principal");
  event.time = row.time("time");
  return event;
}

}  // namespace

Result<std::vector<StoredEvent>> read_events(Tx& tx, const EventFilter& filter, Position after,
                                             std::size_t limit) {
  if (limit < 1 || limit > 1000) return fail(Errc::invalid, "limit must be 1 to 1000");
  Conditions where;
  add_after(where, after);
  add_filter(where, filter);
  auto sql =
      "SELECT transaction_id, sequence, id, organization_id, stream, version, type, data, "
      "principal, time FROM settled_events" +
      where.sql() + " ORDER BY transaction_id, sequence LIMIT " +
      where.parameter(static_cast<std::int64_t>(limit));
  auto rows = tx.query(sql, where.take_params());
  if (!rows) return std::unexpected(rows.error());
  std::vector<StoredEvent> events;
  events.reserve(rows->size());
  for (const auto& row : *rows) events.push_back(event_of(row));
  return events;
}

Result<std::optional<StoredEvent>> find_event(Tx& tx, Position position) {
  auto rows = tx.query(
      "SELECT transaction_id, sequence, id, organization_id, stream, version, type, data, "
      "principal, time FROM settled_events WHERE transaction_id = ?1 AND sequence = ?2",
      {position.transaction, position.sequence});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return event_of(rows->front());
}

Result<Position> newest_position(Tx& tx) {
  auto rows = tx.query(
      "SELECT transaction_id, sequence FROM settled_events "
      "ORDER BY transaction_id DESC, sequence DESC LIMIT 1");
  if (!rows) return std::unexpected(rows.error());
  // The newest ones may have been removed.
  auto begin = horizon(tx);
  if (!begin || rows->empty()) return begin;
  return std::max(*begin, position_of(rows->front()));
}

Result<std::int64_t> count_events(Tx& tx, const EventFilter& filter, Position after,
                                  std::size_t at_most) {
  Conditions where;
  add_after(where, after);
  add_filter(where, filter);
  auto sql = "SELECT COUNT(*) AS many FROM (SELECT 1 FROM settled_events" + where.sql() +
             " LIMIT " + where.parameter(static_cast<std::int64_t>(at_most)) + ") AS counted";
  auto row = tx.one(sql, where.take_params());
  if (!row) return std::unexpected(row.error());
  return row->integer("many");
}

Result<Position> horizon(Tx& tx) {
  auto rows = tx.query("SELECT transaction_id, sequence FROM event_horizon WHERE id = 1");
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return Position{};
  return position_of(rows->front());
}

Result<std::vector<StoredEvent>> read_stream(Tx& tx, const std::string& stream,
                                             std::int64_t after_version, std::size_t limit) {
  if (limit < 1 || limit > 1000) return fail(Errc::invalid, "limit must be 1 to 1000");
  auto rows = tx.query(
      "SELECT transaction_id, sequence, id, organization_id, stream, version, type, data, "
      "principal, time FROM events WHERE organization_id = ?1 AND stream = ?2 AND version > ?3 "
      "ORDER BY version LIMIT ?4",
      {tx.context().organization, stream, after_version, static_cast<std::int64_t>(limit)});
  if (!rows) return std::unexpected(rows.error());
  std::vector<StoredEvent> events;
  events.reserve(rows->size());
  for (const auto& row : *rows) events.push_back(event_of(row));
  return events;
}

namespace {

/// The place of the last of the oldest events that may go, and whether there may be more of them.
Result<std::optional<Position>> last_old_one(Tx& tx, const Removal& removal, Position from,
                                             bool& more) {
  auto rows = tx.query(
      "SELECT transaction_id, sequence, time FROM settled_events "
      "WHERE (transaction_id, sequence) > (?1, ?2) AND (transaction_id, sequence) <= (?3, ?4) "
      "ORDER BY transaction_id, sequence LIMIT ?5",
      {from.transaction, from.sequence, removal.up_to.transaction, removal.up_to.sequence,
       static_cast<std::int64_t>(removal.at_most)});
  if (!rows) return std::unexpected(rows.error());
  std::optional<Position> last;
  more = rows->size() == removal.at_most;
  for (const auto& row : *rows) {
    // In the order of the log: a clock that went back once hides nothing that is older still.
    if (row.time("time") >= removal.before) {
      more = false;
      break;
    }
    last = position_of(row);
  }
  return last;
}

constexpr std::string_view not_needed =
    "NOT EXISTS (SELECT 1 FROM event_dead_letters d WHERE d.event_id = events.id) "
    "AND NOT EXISTS (SELECT 1 FROM event_snapshots s WHERE "
    "s.organization_id = events.organization_id AND s.stream = events.stream "
    "AND s.version < events.version)";

Result<void> move_horizon(Tx& tx, Position to) {
  auto moved = tx.execute(
      "INSERT INTO event_horizon (id, transaction_id, sequence, moved_at) VALUES (1, ?1, ?2, ?3) "
      "ON CONFLICT (id) DO UPDATE SET transaction_id = excluded.transaction_id, "
      "sequence = excluded.sequence, moved_at = excluded.moved_at",
      {to.transaction, to.sequence, tx.now()});
  if (!moved) return std::unexpected(moved.error());
  return {};
}

/// What was still needed when the horizon passed it, and no longer is.
Result<std::int64_t> remove_left_behind(Tx& tx, Position horizon, std::size_t at_most) {
  return tx.execute(
      "DELETE FROM events WHERE sequence IN (SELECT sequence FROM events "
      "WHERE (transaction_id, sequence) <= (?1, ?2) AND " +
          std::string(not_needed) + " ORDER BY transaction_id, sequence LIMIT ?3)",
      {horizon.transaction, horizon.sequence, static_cast<std::int64_t>(at_most)});
}

}  // namespace

Result<Removed> remove_events(Tx& tx, const Removal& removal) {
  if (removal.at_most < 1 || removal.at_most > 1000)
    return fail(Errc::invalid, "at_most must be 1 to 1000");
  auto from = horizon(tx);
  if (!from) return std::unexpected(from.error());
  Removed done{.horizon = *from};
  auto last = last_old_one(tx, removal, *from, done.more);
  if (!last) return std::unexpected(last.error());
  if (*last) {
    auto removed = tx.execute(
        "DELETE FROM events WHERE (transaction_id, sequence) > (?1, ?2) "
        "AND (transaction_id, sequence) <= (?3, ?4) AND " +
            std::string(not_needed),
        {from->transaction, from->sequence, (*last)->transaction, (*last)->sequence});
    if (!removed) return std::unexpected(removed.error());
    if (auto moved = move_horizon(tx, **last); !moved) return std::unexpected(moved.error());
    done.removed = *removed;
    done.horizon = **last;
  }
  if (done.more) return done;
  auto later = remove_left_behind(tx, done.horizon, removal.at_most);
  if (!later) return std::unexpected(later.error());
  done.removed += *later;
  done.more = *later == static_cast<std::int64_t>(removal.at_most);
  return done;
}

}  // namespace parley::store
