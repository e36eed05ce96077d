#include "parley/store/snapshots.hpp"

namespace parley::store {

namespace {

constexpr std::size_t read_at_once = 500;
constexpr std::size_t max_state_bytes = 1024 * 1024;
constexpr std::size_t max_name_length = 200;

}  // namespace

Result<std::optional<StreamState>> load_snapshot(Tx& tx, const std::string& stream,
                                                 const SnapshotKind& kind) {
  auto rows = tx.query(
      "SELECT version, state FROM event_snapshots WHERE organization_id = ?1 AND stream = ?2 "
      "AND name = ?3 AND schema_version = ?4",
      {tx.context().organization, stream, kind.name, kind.schema_version});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  const auto& row = rows->front();
  return StreamState{row.integer("version"), row.json("state").as_object()};
}

Result<StreamState> load_stream(Tx& tx, const std::string& stream, const SnapshotKind& kind,
                                const Fold& fold) {
  auto snapshot = load_snapshot(tx, stream, kind);
  if (!snapshot) return std::unexpected(snapshot.error());
  StreamState state;
  if (*snapshot) state = std::move(**snapshot);
  while (true) {
    auto events = read_stream(tx, stream, state.version, read_at_once);
    if (!events) return std::unexpected(events.error());
    for (const auto& event : *events) {
      if (event.version != state.version + 1)
        return fail(Errc::not_found, "events " + std::to_string(state.version + 1) + " to " +
                                         std::to_string(event.version - 1) +
                                         " of the stream have been removed");
      if (auto done = fold(state.state, event); !done) return std::unexpected(done.error());
      state.version = event.version;
    }
    if (events->size() < read_at_once) break;
  }
  // All of its events may have been removed.
  auto stream_row =
      tx.query("SELECT version FROM event_streams WHERE organization_id = ?1 AND stream = ?2",
               {tx.context().organization, stream});
  if (!stream_row) return std::unexpected(stream_row.error());
  if (!stream_row->empty() && stream_row->front().integer("version") > state.version)
    return fail(Errc::not_found, "the newest events of the stream have been removed");
  return state;
}

Result<void> save_snapshot(Tx& tx, const std::string& stream, const SnapshotKind& kind,
                           const StreamState& state) {
  if (kind.name.empty() || kind.name.size() > max_name_length)
    return fail(Errc::invalid, "a snapshot's name has 1 to 200 bytes");
  auto text = json::serialize(state.state);
  if (text.size() > max_state_bytes)
    return fail(Errc::too_large, "a snapshot's state has at most 1 MiB");
  auto reached =
      tx.query("SELECT version FROM event_streams WHERE organization_id = ?1 AND stream = ?2",
               {tx.context().organization, stream});
  if (!reached) return std::unexpected(reached.error());
  if (state.version < 1 || reached->empty() || reached->front().integer("version") < state.version)
    return fail(Errc::invalid, "the stream has not reached this version");
  auto saved = tx.execute(
      "INSERT INTO event_snapshots (organization_id, stream, name, schema_version, version, state, "
      "taken_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
      "ON CONFLICT (organization_id, stream, name) DO UPDATE SET "
      "schema_version = excluded.schema_version, version = excluded.version, "
      "state = excluded.state, taken_at = excluded.taken_at "
      "WHERE excluded.schema_version > event_snapshots.schema_version "
      "OR (excluded.schema_version = event_snapshots.schema_version "
      "AND excluded.version > event_snapshots.version)",
      {tx.context().organization, stream, kind.name, kind.schema_version, state.version,
       std::move(text), tx.now()});
  if (!saved) return std::unexpected(saved.error());
  return {};
}

}  // namespace parley::store
