#include "call_rows.hpp"

#include <fmt/format.h>

#include <array>

#include "parley/business/agent_versions.hpp"
#include "parley/store/sort.hpp"

namespace parley::calls::rows {

namespace {

constexpr std::string_view columns =
    "id, organization_id, business_id, conversation_id, direction, status, carrier, "
    "carrier_call_id, from_number, to_number, created_at, answered_at, ended_at, length_ms, "
    "end_reason, outcome, summary, caller_turns, agent_turns, interruptions, recording_key, "
    "agent_version, version";

Result<Call> read(const store::Row& row) {
  auto status = parse_call_status(row.text("status"));
  if (!status) return fail(Errc::corrupt, "calls.status");
  Call call;
  call.id = row.id<CallId>("id");
  call.organization = row.id<OrganizationId>("organization_id");
  call.business = row.id<BusinessId>("business_id");
  call.conversation = row.id<ConversationId>("conversation_id");
  call.direction = row.text("direction") == "outbound" ? Direction::outbound : Direction::inbound;
  call.status = *status;
  call.carrier = row.text("carrier");
  call.carrier_call_id = row.text("carrier_call_id");
  call.from = row.text("from_number");
  call.to = row.text("to_number");
  call.created = row.time("created_at");
  call.answered = row.optional_time("answered_at");
  call.ended = row.optional_time("ended_at");
  call.length = std::chrono::milliseconds(row.integer("length_ms"));
  call.end_reason = row.text("end_reason");
  call.outcome = row.text("outcome");
  call.summary = row.text("summary");
  call.caller_turns = static_cast<int>(row.integer("caller_turns"));
  call.agent_turns = static_cast<int>(row.integer("agent_turns"));
  call.interruptions = static_cast<int>(row.integer("interruptions"));
  call.has_recording = !row.is_null("recording_key");
  call.agent_version = row.optional_integer("agent_version");
  call.version = row.integer("version");
  return call;
}

Result<Call> one(store::Tx& tx, std::string_view where, store::Params params) {
  auto row =
      tx.one(fmt::format("SELECT {} FROM calls WHERE {}", columns, where), std::move(params));
  if (!row) return std::unexpected(row.error());
  return read(*row);
}

json::object described(const Call& call) {
  return {{"callId", call.id.str()},
          {"businessId", call.business.str()},
          {"direction", to_string(call.direction)},
          {"status", to_string(call.status)},
          {"from", call.from},
          {"to", call.to},
          {"outcome", call.outcome},
          {"endReason", call.end_reason},
          {"lengthMs", call.length.count()}};
}

Result<void> append(store::Tx& tx, const Call& call, std::string type) {
  store::NewEvent event{std::move(type), described(call)};
  tx.act_for(call.organization);
  auto appended = tx.append(stream_of(call.id), std::move(event));
  if (!appended) return std::unexpected(appended.error());
  return {};
}

/// Changes one call, reads it back, and appends the event that says so.
Result<Call> change(store::Tx& tx, const CallId& id, std::string_view assignments,
                    store::Params params, std::string event) {
  params.emplace_back(tx.now());
  auto at = params.size();
  params.emplace_back(id);
  auto changed = tx.execute(
      fmt::format("UPDATE calls SET {}, updated_at = ?{}, version = version + 1 WHERE id = ?{}",
                  assignments, at, at + 1),
      std::move(params));
  if (!changed) return std::unexpected(changed.error());
  auto call = one(tx, "id = ?1", {id});
  if (!call) return call;
  if (auto appended = append(tx, *call, std::move(event)); !appended)
    return std::unexpected(appended.error());
  return call;
}

bool is_over(CallStatus status) {
  return status != CallStatus::ringing && status != CallStatus::in_progress &&
         status != CallStatus::interrupted;
}

CallStatus over_as(telephony::CarrierCallStatus status) {
  switch (status) {
    case telephony::CarrierCallStatus::busy:
      return CallStatus::busy;
    case telephony::CarrierCallStatus::failed:
      return CallStatus::failed;
    case telephony::CarrierCallStatus::no_answer:
      return CallStatus::no_answer;
    case telephony::CarrierCallStatus::canceled:
      return CallStatus::canceled;
    default:
      return CallStatus::completed;
  }
}

}  // namespace

std::string stream_of(const CallId& id) { return "call/" + id.str(); }

Result<Recorded> record_inbound(store::Tx& tx, Call call, const std::string& media_token) {
  if (!call.agent_version) {
    auto in_force = business::agent_version_in_force(tx, call.organization, call.business);
    if (!in_force) return std::unexpected(in_force.error());
    call.agent_version = *in_force;
  }
  auto inserted = tx.execute(
      "INSERT INTO calls (id, organization_id, business_id, conversation_id, direction, status, "
      "carrier, carrier_call_id, from_number, to_number, media_token, created_at, updated_at, "
      "agent_version) "
      "VALUES (?1, ?2, ?3, ?4, 'inbound', 'ringing', ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11) "
      "ON CONFLICT (carrier, carrier_call_id) DO NOTHING",
      {call.id, call.organization, call.business, call.conversation, call.carrier,
       call.carrier_call_id, call.from, call.to, media_token, call.created, call.agent_version});
  if (!inserted) return std::unexpected(inserted.error());
  auto stored = by_carrier(tx, call.carrier, call.carrier_call_id);
  if (!stored) return std::unexpected(stored.error());
  if (*inserted == 1) {
    if (auto appended = append(tx, *stored, "call.started"); !appended)
      return std::unexpected(appended.error());
    return Recorded{std::move(*stored), media_token};
  }
  auto row = tx.one("SELECT media_token FROM calls WHERE id = ?1", {stored->id});
  if (!row) return std::unexpected(row.error());
  return Recorded{std::move(*stored), row->optional_text("media_token").value_or("")};
}

Result<Call> get(store::Tx& tx, const OrganizationId& organization, const CallId& id) {
  auto call = one(tx, "organization_id = ?1 AND id = ?2", {organization, id});
  if (!call && call.error().code == Errc::not_found) return fail(Errc::not_found, "no such call");
  return call;
}

Result<Call> by_carrier(store::Tx& tx, const std::string& carrier,
                        const std::string& carrier_call_id) {
  return one(tx, "carrier = ?1 AND carrier_call_id = ?2", {carrier, carrier_call_id});
}

Result<CallList> list(store::Tx& tx, const OrganizationId& organization, const CallQuery& query) {
  std::string where = "organization_id = ?1";
  store::Params params{organization};
  auto also = [&](std::string_view condition, store::Value value) {
    params.push_back(std::move(value));
    where += " AND " + fmt::format(fmt::runtime(condition), params.size());
  };
  if (query.business) also("business_id = ?{}", query.business);
  if (query.status) also("status = ?{}", to_string(*query.status));
  if (query.direction) also("direction = ?{}", to_string(*query.direction));
  if (!query.phone.empty()) also("(from_number = ?{0} OR to_number = ?{0})", query.phone);
  if (query.created_after) also("created_at >= ?{}", *query.created_after);
  if (query.created_before) also("created_at < ?{}", *query.created_before);
  if (query.active_only) where += " AND status IN ('ringing', 'in_progress', 'interrupted')";

  auto total = tx.one("SELECT COUNT(*) AS total FROM calls WHERE " + where, params);
  if (!total) return std::unexpected(total.error());
  CallList found;
  found.total = total->integer("total");
  constexpr std::array fields{store::SortField{"createdAt", "created_at"},
                              store::SortField{"lengthMs", "length_ms"}};
  auto order = store::order_by(query.sort, fields, "id DESC");
  if (!order) return std::unexpected(order.error());
  params.emplace_back(query.limit);
  params.emplace_back((query.page - 1) * query.limit);
  auto rows = tx.query(fmt::format("SELECT {} FROM calls WHERE {}{} LIMIT ?{} OFFSET ?{}", columns,
                                   where, *order, params.size() - 1, params.size()),
                       params);
  if (!rows) return std::unexpected(rows.error());
  for (auto& row : *rows) {
    auto call = read(row);
    if (!call) return std::unexpected(call.error());
    found.items.push_back(std::move(*call));
  }
  return found;
}

Result<Connected> connect(store::Tx& tx, const std::string& media_token,
                          const std::string& carrier_call_id) {
  auto call = one(tx, "media_token = ?1 AND carrier_call_id = ?2", {media_token, carrier_call_id});
  if (!call) return std::unexpected(call.error());
  auto answered =
      change(tx, call->id,
             "status = 'in_progress', media_token = NULL, connections = connections + 1, "
             "answered_at = COALESCE(answered_at, ?1)",
             {tx.now()}, "call.answered");
  if (!answered) return std::unexpected(answered.error());
  Connected connected{std::move(*answered)};
  if (call->answered)
    connected.begins = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(tx.now() - *call->answered, WallTime::duration(0)));
  auto row = tx.one("SELECT connections FROM calls WHERE id = ?1", {call->id});
  if (!row) return std::unexpected(row.error());
  connected.connection = row->integer("connections");
  auto next = next_sequence(tx, call->id);
  if (!next) return std::unexpected(next.error());
  connected.next_sequence = *next;
  return connected;
}

Result<void> note_connection(store::Tx& tx, const CallId& id, std::int64_t connection,
                             WallTime at) {
  auto row = tx.one("SELECT connections FROM calls WHERE id = ?1", {id});
  if (!row) return std::unexpected(row.error());
  if (row->integer("connections") >= connection) return {};
  auto answered = change(tx, id,
                         "status = 'in_progress', media_token = NULL, connections = ?1, "
                         "answered_at = COALESCE(answered_at, ?2)",
                         {connection, at}, "call.answered");
  if (!answered) return std::unexpected(answered.error());
  return {};
}

Result<Call> allow_reconnect(store::Tx& tx, const std::string& carrier,
                             const std::string& carrier_call_id, const std::string& media_token,
                             int most_connections) {
  auto row = tx.one(
      "SELECT id, status, connections FROM calls WHERE carrier = ?1 AND carrier_call_id = ?2",
      {carrier, carrier_call_id});
  if (!row) return std::unexpected(row.error());
  auto status = parse_call_status(row->text("status"));
  if (!status || is_over(*status)) return fail(Errc::conflict, "the call is over");
  if (row->integer("connections") >= most_connections)
    return fail(Errc::conflict, "the call was connected too often");
  return change(tx, row->id<CallId>("id"), "status = 'interrupted', media_token = ?1",
                {media_token}, "call.interrupted");
}

Result<void> finish(store::Tx& tx, const CallId& id, const Finish& end) {
  auto row = tx.one("SELECT connections_finished FROM calls WHERE id = ?1", {id});
  if (!row) return std::unexpected(row.error());
  if (row->integer("connections_finished") >= end.connection) return {};
  auto& report = end.report;
  bool lost = report.reason == voice::EndReason::media_lost;
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(report.length).count();
  // A call of several connections keeps the sums, and the last outcome that was one.
  auto done = change(
      tx, id,
      "status = ?1, ended_at = ?2, length_ms = length_ms + ?3, end_reason = ?4, "
      "outcome = CASE WHEN ?5 = 'none' THEN outcome ELSE ?5 END, "
      "summary = CASE WHEN ?6 = '' THEN summary ELSE ?6 END, caller_turns = caller_turns + ?7, "
      "agent_turns = agent_turns + ?8, interruptions = interruptions + ?9, "
      "connections_finished = ?10",
      {lost ? "interrupted" : "completed", lost ? store::Value() : store::Value(end.at),
       milliseconds, voice::to_string(report.reason), report.outcome.kind, report.outcome.summary,
       report.caller_turns, report.agent_turns, report.interruptions, end.connection},
      lost ? "call.interrupted" : "call.ended");
  if (!done) return std::unexpected(done.error());
  return {};
}

Result<void> apply_status(store::Tx& tx, const telephony::CallStatusUpdate& update,
                          bool session_runs) {
  auto call = by_carrier(tx, update.carrier, update.carrier_call_id);
  if (!call) return std::unexpected(call.error());
  auto newer =
      tx.execute("UPDATE calls SET carrier_sequence = ?1 WHERE id = ?2 AND carrier_sequence < ?1",
                 {update.sequence, call->id});
  if (!newer) return std::unexpected(newer.error());
  // The session's own end is told by its report; the carrier only ends what has no session.
  if (*newer == 0 || session_runs || is_over(call->status) || !telephony::is_final(update.status))
    return {};
  auto reason = call->end_reason.empty() ? "caller_hung_up" : call->end_reason;
  auto ended =
      change(tx, call->id, "status = ?1, ended_at = ?2, end_reason = ?3, media_token = NULL",
             {to_string(over_as(update.status)), tx.now(), reason}, "call.ended");
  if (!ended) return std::unexpected(ended.error());
  return {};
}

Result<void> note_carrier_recording(store::Tx& tx, const telephony::CarrierRecording& recording) {
  auto call = by_carrier(tx, recording.carrier, recording.carrier_call_id);
  if (!call) return std::unexpected(call.error());
  json::object said{{"callId", call->id.str()},
                    {"businessId", call->business.str()},
                    {"recordingId", recording.recording_id},
                    {"status", recording.status},
                    {"url", recording.url}};
  if (recording.duration) said["lengthSeconds"] = recording.duration->count();
  tx.act_for(call->organization);
  auto appended = tx.append(stream_of(call->id), {"call.carrier_recording", std::move(said)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

Result<void> set_recording(store::Tx& tx, const CallId& id, const std::string& key) {
  auto changed = change(tx, id, "recording_key = ?1", {key}, "call.recorded");
  if (!changed) return std::unexpected(changed.error());
  return {};
}

Result<std::optional<std::string>> recording_key(store::Tx& tx, const OrganizationId& organization,
                                                 const CallId& id) {
  auto row = tx.one("SELECT recording_key FROM calls WHERE organization_id = ?1 AND id = ?2",
                    {organization, id});
  if (!row && row.error().code == Errc::not_found) return fail(Errc::not_found, "no such call");
  if (!row) return std::unexpected(row.error());
  return row->optional_text("recording_key");
}

Result<bool> is_over(store::Tx& tx, const CallId& id) {
  auto call = one(tx, "id = ?1", {id});
  if (!call) return std::unexpected(call.error());
  return is_over(call->status);
}

Result<std::vector<Call>> stale(store::Tx& tx, WallTime since, std::size_t limit) {
  auto rows =
      tx.query(fmt::format("SELECT {} FROM calls WHERE status IN ('ringing', 'interrupted') "
                           "AND updated_at < ?1 ORDER BY updated_at LIMIT ?2",
                           columns),
               {since, static_cast<std::int64_t>(limit)});
  if (!rows) return std::unexpected(rows.error());
  std::vector<Call> found;
  for (auto& row : *rows) {
    auto call = read(row);
    if (!call) return std::unexpected(call.error());
    found.push_back(std::move(*call));
  }
  return found;
}

Result<void> give_up(store::Tx& tx, const Call& call) {
  bool answered = call.answered.has_value();
  auto ended = change(
      tx, call.id, "status = ?1, ended_at = ?2, end_reason = ?3, media_token = NULL",
      {answered ? "completed" : "no_answer", tx.now(), answered ? "media_lost" : "never_connected"},
      "call.ended");
  if (!ended) return std::unexpected(ended.error());
  return {};
}

Result<std::int64_t> mark_interrupted(store::Tx& tx) {
  auto rows = tx.query("SELECT id FROM calls WHERE status = 'in_progress'");
  if (!rows) return std::unexpected(rows.error());
  for (auto& row : *rows) {
    auto changed =
        change(tx, row.id<CallId>("id"), "status = 'interrupted'", {}, "call.interrupted");
    if (!changed) return std::unexpected(changed.error());
  }
  return static_cast<std::int64_t>(rows->size());
}

Result<std::int64_t> next_sequence(store::Tx& tx, const CallId& id) {
  auto row = tx.one(
      "SELECT COALESCE(MAX(sequence), 0) + 1 AS next FROM call_timeline WHERE call_id = ?1", {id});
  if (!row) return std::unexpected(row.error());
  return row->integer("next");
}

Result<void> add_timeline(store::Tx& tx, const CallId& id, std::int64_t first_sequence,
                          const std::vector<voice::TimelineEntry>& entries) {
  for (auto& entry : entries) {
    auto at = std::chrono::duration_cast<std::chrono::milliseconds>(entry.at).count();
    // A batch whose commit was in doubt is written again.
    auto added = tx.execute(
        "INSERT INTO call_timeline (call_id, sequence, at_ms, kind, data) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (call_id, sequence) DO NOTHING",
        {id, first_sequence++, at, entry.kind, json::serialize(entry.data)});
    if (!added) return std::unexpected(added.error());
  }
  return {};
}

Result<std::vector<TimelineItem>> timeline(store::Tx& tx, const OrganizationId& organization,
                                           const CallId& id) {
  auto call = get(tx, organization, id);
  if (!call) return std::unexpected(call.error());
  auto rows = tx.query(
      "SELECT at_ms, kind, data FROM call_timeline WHERE call_id = ?1 ORDER BY sequence", {id});
  if (!rows) return std::unexpected(rows.error());
  std::vector<TimelineItem> items;
  for (auto& row : *rows) {
    auto data = row.json("data");
    items.push_back({std::chrono::milliseconds(row.integer("at_ms")), row.text("kind"),
                     data.is_object() ? std::move(data.get_object()) : json::object{}});
  }
  return items;
}

}  // namespace parley::calls::rows
