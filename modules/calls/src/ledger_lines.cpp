// What can stand in a call's ledger, and what it does to the database.
#include <array>

#include "call_ledger.hpp"
#include "call_rows.hpp"

namespace parley::calls::ledger {

namespace {

std::unexpected<Error> damaged() { return fail(Errc::corrupt, "a line of a call's ledger"); }

std::int64_t integer_in(const json::object& line, std::string_view field) {
  auto* value = line.if_contains(field);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::int64_t ms_of(Duration length) { return length / std::chrono::milliseconds(1); }

Result<void> apply_recorded(store::Tx& tx, const CallId& id, const json::object& line) {
  auto created = parse_rfc3339(text_in(line, "at"));
  if (!created) return damaged();
  Call call;
  call.id = id;
  call.organization = OrganizationId(text_in(line, "organization"));
  call.business = BusinessId(text_in(line, "business"));
  call.conversation = ConversationId(text_in(line, "conversation"));
  call.carrier = text_in(line, "carrier");
  call.carrier_call_id = text_in(line, "carrierCallId");
  call.from = text_in(line, "from");
  call.to = text_in(line, "to");
  call.created = *created;
  if (auto version = integer_in(line, "agentVersion"); version != 0) call.agent_version = version;
  auto recorded = rows::record_inbound(tx, std::move(call), text_in(line, "token"));
  if (!recorded) return std::unexpected(recorded.error());
  return {};
}

Result<void> apply_timeline(store::Tx& tx, const CallId& id, const json::object& line) {
  auto* entries = line.if_contains("entries");
  if (!entries || !entries->is_array()) return damaged();
  std::vector<voice::TimelineEntry> timeline;
  for (const auto& item : entries->get_array()) {
    auto* data = value_at(item, "/data");
    auto* at = value_at(item, "/atMs");
    if (!data || !data->is_object() || !at || !at->is_int64()) return damaged();
    timeline.push_back(
        {std::chrono::milliseconds(at->get_int64()), text_at(item, "/kind"), data->get_object()});
  }
  return rows::add_timeline(tx, id, integer_in(line, "first"), timeline);
}

Result<void> apply_finished(store::Tx& tx, const CallId& id, const json::object& line) {
  auto at = parse_rfc3339(text_in(line, "at"));
  auto report = report_of(line);
  if (!at || !report) return damaged();
  return rows::finish(tx, id, {integer_in(line, "connection"), *report, *at});
}

}  // namespace

json::object recorded(const Call& call, const std::string& media_token) {
  return {{"kind", "recorded"},
          {"at", to_rfc3339(call.created)},
          {"organization", call.organization.str()},
          {"business", call.business.str()},
          {"conversation", call.conversation.str()},
          {"carrier", call.carrier},
          {"carrierCallId", call.carrier_call_id},
          {"from", call.from},
          {"to", call.to},
          {"agentVersion", call.agent_version.value_or(0)},
          {"token", media_token}};
}

json::object connected(std::int64_t connection, WallTime at) {
  return {{"kind", "connected"}, {"connection", connection}, {"at", to_rfc3339(at)}};
}

json::object timeline(std::int64_t first_sequence, std::span<const voice::TimelineEntry> entries) {
  json::array all;
  for (const auto& entry : entries)
    all.push_back(
        json::object{{"atMs", ms_of(entry.at)}, {"kind", entry.kind}, {"data", entry.data}});
  return {{"kind", "timeline"}, {"first", first_sequence}, {"entries", std::move(all)}};
}

json::object finished(std::int64_t connection, const voice::SessionReport& report, WallTime at) {
  return {{"kind", "finished"},
          {"connection", connection},
          {"at", to_rfc3339(at)},
          {"reason", voice::to_string(report.reason)},
          {"lengthMs", ms_of(report.length)},
          {"callerTurns", report.caller_turns},
          {"agentTurns", report.agent_turns},
          {"interruptions", report.interruptions},
          {"outcome", report.outcome.kind},
          {"summary", report.outcome.summary}};
}

Result<voice::SessionReport> report_of(const json::object& line) {
  using voice::EndReason;
  constexpr std::array reasons{EndReason::caller_hung_up, EndReason::agent_hung_up,
                               EndReason::hung_up_by_us,  EndReason::media_lost,
                               EndReason::length_limit,   EndReason::failed};
  auto said = text_in(line, "reason");
  auto reason = std::ranges::find(reasons, std::string_view(said),
                                  [](EndReason known) { return voice::to_string(known); });
  if (reason == reasons.end()) return damaged();
  voice::SessionReport report;
  report.reason = *reason;
  report.length = std::chrono::milliseconds(integer_in(line, "lengthMs"));
  report.caller_turns = static_cast<int>(integer_in(line, "callerTurns"));
  report.agent_turns = static_cast<int>(integer_in(line, "agentTurns"));
  report.interruptions = static_cast<int>(integer_in(line, "interruptions"));
  report.outcome.kind = text_in(line, "outcome");
  report.outcome.summary = text_in(line, "summary");
  return report;
}

Result<void> apply(store::Tx& tx, const CallId& call, const json::object& line) {
  auto kind = text_in(line, "kind");
  if (kind == "recorded") return apply_recorded(tx, call, line);
  if (kind == "timeline") return apply_timeline(tx, call, line);
  if (kind == "finished") return apply_finished(tx, call, line);
  auto at = parse_rfc3339(text_in(line, "at"));
  if (kind != "connected" || !at) return damaged();
  return rows::note_connection(tx, call, integer_in(line, "connection"), *at);
}

}  // namespace parley::calls::ledger
