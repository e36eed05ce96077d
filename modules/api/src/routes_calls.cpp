#include <fmt/format.h>

#include "byte_range.hpp"
#include "parley/base/strings.hpp"
#include "parley/evals/judge.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using calls::Call;

json::object call_json(const Call& call) {
  return {{"id", call.id.str()},
          {"businessId", id_or_null(call.business)},
          {"conversationId", id_or_null(call.conversation)},
          {"direction", to_string(call.direction)},
          {"status", to_string(call.status)},
          {"carrier", call.carrier},
          {"carrierCallId", call.carrier_call_id},
          {"from", or_null(call.from)},
          {"to", or_null(call.to)},
          {"createdAt", time_json(call.created)},
          {"answeredAt", time_json(call.answered)},
          {"endedAt", time_json(call.ended)},
          {"lengthMs", call.length.count()},
          {"endReason", or_null(call.end_reason)},
          {"outcome", or_null(call.outcome)},
          {"summary", call.summary},
          {"callerTurns", call.caller_turns},
          {"agentTurns", call.agent_turns},
          {"interruptions", call.interruptions},
          {"agentVersion",
           call.agent_version ? json::value(*call.agent_version) : json::value(nullptr)},
          {"hasRecording", call.has_recording}};
}

json::array transcript_json(const std::vector<calls::TranscriptTurn>& turns) {
  json::array list;
  for (auto& turn : turns)
    list.push_back(json::object{{"who", turn.who},
                                {"text", turn.text},
                                {"atMs", turn.at.count()},
                                {"confidence", turn.confidence},
                                {"interrupted", turn.interrupted},
                                {"latency", turn.latency}});
  return list;
}

Answer list_matching(Request& in, calls::CallQuery query) {
  query.page = in.query.integer("page", 1);
  query.limit = in.query.integer("limit", 50);
  query.sort = in.query.text("sort");
  auto page = query.page;
  auto limit = query.limit;
  return reply(in.services.parts.calls.list(in.ctx, std::move(query)),
               [page, limit](const calls::CallList& list) -> Outcome {
                 json::array items;
                 for (auto& item : list.items) items.push_back(call_json(item));
                 return Reply{.data = std::move(items),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer list_calls(Request& in) {
  calls::CallQuery query;
  query.business = BusinessId(in.query.text("business"));
  if (auto status = in.query.text("status"); !status.empty())
    query.status = calls::parse_call_status(status).value();
  if (auto direction = in.query.text("direction"); !direction.empty())
    query.direction =
        direction == "inbound" ? calls::Direction::inbound : calls::Direction::outbound;
  query.phone = in.query.phone("phone");
  query.created_after = in.query.time("createdAfter");
  query.created_before = in.query.time("createdBefore");
  return list_matching(in, std::move(query));
}

Answer list_active(Request& in) {
  calls::CallQuery query;
  query.business = BusinessId(in.query.text("business"));
  query.active_only = true;
  return list_matching(in, std::move(query));
}

Answer get_call(Request& in) {
  auto& calls = in.services.parts.calls;
  auto looking = calls.get(in.ctx, in.id<CallId>());
  auto call = co_await std::move(looking);
  if (!call) co_return refuse(call.error());
  auto reading = calls.transcript(in.ctx, call->id);
  auto transcript = co_await std::move(reading);
  if (!transcript) co_return refuse(transcript.error());
  auto data = call_json(*call);
  data["transcript"] = transcript_json(*transcript);
  co_return Reply{.data = std::move(data)};
}

json::array timeline_json(const std::vector<calls::TimelineItem>& items) {
  json::array list;
  for (auto& item : items)
    list.push_back(
        json::object{{"atMs", item.at.count()}, {"kind", item.kind}, {"data", item.data}});
  return list;
}

Answer get_timeline(Request& in) {
  return reply(in.services.parts.calls.timeline(in.ctx, in.id<CallId>()),
               [](const std::vector<calls::TimelineItem>& items) -> Outcome {
                 return Reply{.data = timeline_json(items)};
               });
}

/// What was said and done in a call, to be tried again: a document, not kept before it was read.
Answer make_scenario(Request& in) {
  auto& calls = in.services.parts.calls;
  auto looking = calls.get(in.ctx, in.id<CallId>());
  auto call = co_await std::move(looking);
  if (!call) co_return refuse(call.error());
  auto reading = calls.transcript(in.ctx, call->id);
  auto transcript = co_await std::move(reading);
  if (!transcript) co_return refuse(transcript.error());
  auto following = calls.timeline(in.ctx, call->id);
  auto timeline = co_await std::move(following);
  if (!timeline) co_return refuse(timeline.error());
  auto whole = call_json(*call);
  whole["transcript"] = transcript_json(*transcript);
  auto name = "Call of " + to_rfc3339(call->created);
  auto scenario = evals::scenario_of(whole, timeline_json(*timeline), std::move(name));
  co_return Reply{.data = json::object{{"businessId", id_or_null(call->business)},
                                       {"name", scenario.name},
                                       {"document", evals::to_yaml(scenario)}}};
}

constexpr std::uint64_t recording_piece_bytes = 4 * net::body_piece_bytes;
constexpr Duration recording_piece_limit = std::chrono::seconds(30);

/// Reads a part of a recording while it is sent.
class RecordingStream {
 public:
  RecordingStream(Services& services, Context ctx, calls::Recording recording, ByteRange range)
      : services_(services), ctx_(std::move(ctx)), recording_(std::move(recording)), range_(range) {
    // A slow line may take longer for the whole than a request may; no piece may.
    ctx_.deadline = TimePoint::max();
  }

  Task<std::string> next() {
    if (range_.first > range_.last) co_return "";
    auto size = std::min<std::uint64_t>(recording_piece_bytes, range_.last - range_.first + 1);
    auto ctx = ctx_.until(services_.parts.clock.now() + recording_piece_limit);
    auto reading = services_.parts.calls.recording_part(std::move(ctx), recording_, range_.first,
                                                        static_cast<std::size_t>(size));
    auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(piece.error());
    range_.first += piece->size();
    co_return std::string(as_text(*piece));
  }

 private:
  Services& services_;
  Context ctx_;
  calls::Recording recording_;
  ByteRange range_;
};

Answer get_recording(Request& in) {
  auto& calls = in.services.parts.calls;
  auto looking = calls.get(in.ctx, in.id<CallId>());
  auto call = co_await std::move(looking);
  if (!call) co_return refuse(call.error());
  if (!call->has_recording)
    co_return refuse(404, "recording_not_found", "The call has no recording.");
  auto asking = calls.recording(in.ctx, call->id);
  auto recording = co_await std::move(asking);
  if (!recording) co_return refuse(recording.error(), "recording");
  auto size = recording->size_bytes;
  Reply reply;
  reply.headers.set("Accept-Ranges", "bytes");
  reply.headers.set(
      "ETag", fmt::format("\"{}\"", content_hash(fmt::format("{} {}", recording->key, size))));
  reply.headers.set("Content-Disposition",
                    fmt::format("inline; filename=\"{}.wav\"", call->id.str()));
  auto range = parse_range(in.http.headers.get("Range").value_or(""), size);
  // A part of another version than the client has the rest of would make nonsense.
  auto condition = in.http.headers.get("If-Range");
  if (condition && *condition != *reply.headers.get("ETag")) range = WholeBody{};
  if (std::holds_alternative<Unsatisfiable>(range)) {
    Failure failure;
    failure.status = 416;
    failure.code = "range_not_satisfiable";
    failure.message = fmt::format("The recording has {} bytes.", size);
    failure.headers.set("Content-Range", fmt::format("bytes */{}", size));
    co_return std::unexpected(std::move(failure));
  }
  if (size == 0) {
    reply.raw.emplace();
    co_return reply;
  }
  ByteRange sent{0, size - 1};
  if (auto* part = std::get_if<ByteRange>(&range)) {
    sent = *part;
    reply.status = 206;
    reply.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", sent.first, sent.last, size));
  }
  auto stream = std::make_shared<RecordingStream>(in.services, in.ctx, std::move(*recording), sent);
  reply.stream = [stream] { return stream->next(); };
  reply.stream_size = sent.last - sent.first + 1;
  co_return reply;
}

Answer hang_up(Request& in) {
  return reply(in.services.parts.calls.hang_up(in.ctx, in.id<CallId>()),
               [](const Call& call) -> Outcome { return Reply{.data = call_json(call)}; });
}

// Messages callers left

Answer list_messages(Request& in) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  BusinessId business(in.query.text("business"));
  return reply(
      in.services.parts.messages.list(in.ctx, business, {page, limit, in.query.text("sort")}),
      [page, limit](const business::MessageList& list) -> Outcome {
        json::array items;
        for (auto& message : list.items)
          items.push_back(json::object{{"id", message.id.str()},
                                       {"businessId", message.business.str()},
                                       {"callId", id_or_null(message.call)},
                                       {"callerName", message.caller_name},
                                       {"callerPhone", or_null(message.caller_phone)},
                                       {"text", message.text},
                                       {"receivedAt", time_json(message.received)}});
        return Reply{.data = std::move(items), .pagination = page_of(page, limit, list.total)};
      });
}

std::vector<Field> call_fields() {
  return {required("id", id("call")),
          required("businessId", text().or_null()),
          required("conversationId", text().or_null()),
          required("direction", choice({"inbound", "outbound"})),
          required("status", choice({"ringing", "in_progress", "interrupted", "completed",
                                     "no_answer", "busy", "canceled", "failed"})),
          required("carrier", text()),
          required("carrierCallId", text()),
          required("from", text().or_null()),
          required("to", text().or_null()),
          required("createdAt", date_time()),
          required("answeredAt", date_time().or_null()),
          required("endedAt", date_time().or_null()),
          required("lengthMs", integer(0, INT64_MAX)),
          required("endReason", text().or_null()),
          required("outcome", text().or_null()),
          required("summary", text(0, 10'000)),
          required("callerTurns", integer(0, INT64_MAX)),
          required("agentTurns", integer(0, INT64_MAX)),
          required("interruptions", integer(0, INT64_MAX)),
          required("agentVersion", integer(1, INT64_MAX).or_null()),
          required("hasRecording", flag())};
}

void define_call_schemas(RouteTable& table) {
  table.define("Call", object(call_fields()));
  table.define(
      "Turn",
      object({required("who", choice({"agent", "caller"})), required("text", text(0, 100'000)),
              required("atMs", integer(0, INT64_MAX)), required("confidence", number(0, 1)),
              required("interrupted", flag()), required("latency", any_object())}));
  auto fields = call_fields();
  fields.push_back(required("transcript", list(ref("Turn"), 100'000)));
  table.define("CallWithTranscript", object(std::move(fields)));
  table.define("TimelineItem", object({required("atMs", integer(INT64_MIN, INT64_MAX)),
                                       required("kind", text()), required("data", any_object())}));
  table.define("Message",
               object({required("id", id("msg")), required("businessId", id("biz")),
                       required("callId", text().or_null()), required("callerName", text()),
                       required("callerPhone", text().or_null()), required("text", text(0, 10'000)),
                       required("receivedAt", date_time())}));
}

Route call_route(net::Method method, std::string path, std::string name, std::string summary,
                 Schema response, Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = "/calls" + path;
  route.group = "calls";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "call";
  route.permission = method == net::Method::get ? "calls:read" : "calls:write";
  route.response = std::move(response);
  route.handler = handler;
  return route;
}

}  // namespace

void add_call_routes(RouteTable& table) {
  define_call_schemas(table);
  auto listing = call_route(net::Method::get, "", "listCalls", "Calls, the newest first.",
                            list(ref("Call"), 200), list_calls);
  listing.query = page_parameters({"createdAt", "lengthMs"});
  listing.query.push_back({"business", text(1, 64), "Of this business."});
  auto active = listing;
  for (auto&& parameter :
       std::vector<QueryParameter>{{"status",
                                    choice({"ringing", "in_progress", "interrupted", "completed",
                                            "no_answer", "busy", "canceled", "failed"}),
                                    "By status."},
                                   {"direction", choice({"inbound", "outbound"}), "By direction."},
                                   {"phone", phone(), "From or to this number."},
                                   {"createdAfter", date_time(), "Since this time."},
                                   {"createdBefore", date_time(), "Before this time."}})
    listing.query.push_back(parameter);
  listing.paging = Route::Paging::pages;
  table.add(std::move(listing));
  active.path = "/calls/active";
  active.name = "listActiveCalls";
  active.summary = "Calls that are running.";
  active.paging = Route::Paging::pages;
  active.handler = list_active;
  table.add(std::move(active));
  table.add(call_route(net::Method::get, "/{id}", "getCall", "One call with its transcript.",
                       ref("CallWithTranscript"), get_call));
  table.add(call_route(net::Method::get, "/{id}/timeline", "getTimeline",
                       "What happened in the call, in order.", list(ref("TimelineItem"), 1'000'000),
                       get_timeline));
  auto recording = call_route(net::Method::get, "/{id}/recording", "getRecording",
                              "The sound: stereo, caller left, agent right. Range is honoured.", {},
                              get_recording);
  recording.permission = "recordings:read";
  recording.reply = ReplyKind::raw;
  recording.media_type = "audio/wav";
  table.add(std::move(recording));
  table.add(call_route(net::Method::post, "/{id}/hangup", "hangUp",
                       "End the call. One that is over stays so.", ref("Call"), hang_up));
  auto scenario =
      call_route(net::Method::post, "/{id}/scenario", "makeScenario",
                 "The call as a scenario, to be read, edited and kept.",
                 object({required("businessId", text().or_null()), required("name", text()),
                         required("document", text(0, 256 << 10))}),
                 make_scenario);
  scenario.permission = "evals:write";
  table.add(std::move(scenario));
  table.add({.path = "/messages",
             .group = "calls",
             .name = "listMessages",
             .summary = "Messages that callers left for the owner, the newest first.",
             .thing = "business",
             .permission = "messages:read",
             .query =
                 [] {
                   auto parameters = page_parameters({"receivedAt"});
                   parameters.push_back({"business", text(1, 64), "For this business.",
                                         QueryParameter::Presence::required});
                   return parameters;
                 }(),
             .response = list(ref("Message"), 200),
             .paging = Route::Paging::pages,
             .handler = list_messages});
}

}  // namespace parley::api
