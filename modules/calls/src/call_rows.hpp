#pragma once
#include "parley/calls/calls.hpp"
#include "parley/store/tx.hpp"
#include "parley/telephony/inbound.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::calls {

/// The SQL of calls: every function is one statement or a few in the caller's transaction, and
/// changes append their event.
namespace rows {

/// The events' stream of a call.
std::string stream_of(const CallId& id);

/// A new inbound call, or the one already recorded for this carrier call.
struct Recorded {
  Call call;
  std::string media_token;  ///< empty when it was used already
};
Result<Recorded> record_inbound(store::Tx& tx, Call call, const std::string& media_token);

Result<Call> get(store::Tx& tx, const OrganizationId& organization, const CallId& id);
Result<Call> by_carrier(store::Tx& tx, const std::string& carrier,
                        const std::string& carrier_call_id);
Result<CallList> list(store::Tx& tx, const OrganizationId& organization, const CallQuery& query);

/// A call with a media connection.
struct Connected {
  Call call;
  std::chrono::milliseconds begins{};  ///< since the call was answered: 0 for its first connection
  std::int64_t connection = 1;         ///< the how manieth of the call it is
  std::int64_t next_sequence = 1;      ///< of the timeline
};
/// Uses up the token. Errors: not_found (unknown, used, or of another carrier call).
Result<Connected> connect(store::Tx& tx, const std::string& media_token,
                          const std::string& carrier_call_id, const std::string& node);
/// A fresh token for a call whose connection was lost. Errors: conflict when it is over, or had
/// `most_connections` already.
Result<Call> allow_reconnect(store::Tx& tx, const std::string& carrier,
                             const std::string& carrier_call_id, const std::string& media_token,
                             int most_connections);
/// A connection that was made without the database. Changes nothing when it is known.
Result<void> note_connection(store::Tx& tx, const CallId& id, std::int64_t connection, WallTime at,
                             const std::string& node);
/// The report of a connection's session; a lost connection leaves the call interrupted, anything
/// else ends it. Changes nothing when this connection, or a later one, has told its end.
struct Finish {
  std::int64_t connection = 1;
  voice::SessionReport report;
  WallTime at;
};
Result<void> finish(store::Tx& tx, const CallId& id, const Finish& end);
/// What the carrier says; older than what is known changes nothing.
Result<void> apply_status(store::Tx& tx, const telephony::CallStatusUpdate& update,
                          bool session_runs);
/// An event of the call, whose it is.
Result<Call> note_carrier_recording(store::Tx& tx, const telephony::CarrierRecording& recording);
/// The call plays it, unless it has a recording already; an event says so.
Result<void> use_carrier_recording(store::Tx& tx, const CallId& id, const std::string& key,
                                   const std::string& recording_id);
/// What the carrier found out about who picked up. Errors: not_found.
Result<Call> note_answer(store::Tx& tx, const telephony::CarrierAnswer& answer);
Result<void> set_recording(store::Tx& tx, const CallId& id, const std::string& key);
Result<std::optional<std::string>> recording_key(store::Tx& tx, const OrganizationId& organization,
                                                 const CallId& id);

/// Whether nothing can come of this call any more. Errors: not_found.
Result<bool> is_over(store::Tx& tx, const CallId& id);
/// Calls in the air since before `since`, which no session of this process holds.
Result<std::vector<Call>> stale(store::Tx& tx, WallTime since, std::size_t limit);
Result<void> give_up(store::Tx& tx, const Call& call);
/// Everything that was running when `node`, or every node, ended, but what `runs` now.
Result<std::int64_t> mark_interrupted(store::Tx& tx, std::optional<std::string> node,
                                      const std::function<bool(const CallId&)>& runs);

Result<void> add_timeline(store::Tx& tx, const CallId& id, std::int64_t first_sequence,
                          const std::vector<voice::TimelineEntry>& entries);
Result<std::int64_t> next_sequence(store::Tx& tx, const CallId& id);
Result<std::vector<TimelineItem>> timeline(store::Tx& tx, const OrganizationId& organization,
                                           const CallId& id);

}  // namespace rows
}  // namespace parley::calls
