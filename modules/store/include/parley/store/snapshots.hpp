#pragma once
#include <functional>
#include <optional>
#include <string>

#include "parley/store/event_log.hpp"

namespace parley::store {

/// Whose snapshot it is and in which form. A snapshot of another schema version is passed over as
/// if there were none, so raise it when the state means something else.
struct SnapshotKind {
  std::string name;
  std::int64_t schema_version = 1;
};

/// What a stream's events came to, up to and including `version`; 0: before the first.
struct StreamState {
  std::int64_t version = 0;
  json::object state;
};

/// A stream of the transaction's organization folded to its state: the snapshot, if there is one,
/// and the events after it. `fold` applies one event; its error is the answer. Nothing but time
/// depends on snapshots, until events are removed (`events.retention`): then only what a snapshot
/// covers is gone. Errors: not_found when events are missing that no snapshot of this kind covers;
/// the fold's.
using Fold = std::function<Result<void>(json::object& state, const StoredEvent&)>;
Result<StreamState> load_stream(Tx& tx, const std::string& stream, const SnapshotKind& kind,
                                const Fold& fold);

/// Keeps the newest only; one that is older, or of an older schema version, changes nothing. Save
/// it once in a while, not with every event. Errors: invalid (names, a version the stream has not
/// reached), too_large (over 1 MiB).
Result<void> save_snapshot(Tx& tx, const std::string& stream, const SnapshotKind& kind,
                           const StreamState& state);
/// The newest of this kind.
Result<std::optional<StreamState>> load_snapshot(Tx& tx, const std::string& stream,
                                                 const SnapshotKind& kind);

}  // namespace parley::store
