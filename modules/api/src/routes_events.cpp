#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "parley/store/event_log.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using store::Position;
using store::StoredEvent;

json::object event_json(const StoredEvent& event) {
  return {{"id", event.id},
          {"position", event.position.text()},
          {"stream", event.stream},
          {"version", event.version},
          {"type", event.type},
          {"data", event.data},
          {"principal", event.principal},
          {"time", time_json(event.time)}};
}

std::vector<std::string> types_in(const Request& in) {
  std::vector<std::string> types;
  if (auto given = in.query.text("type"); !given.empty())
    for (auto& type : split(given, ',')) types.emplace_back(trim(type));
  return types;
}

std::expected<Position, Failure> position_of(std::string_view text, std::string_view field) {
  if (text.empty()) return Position{};
  auto position = Position::parse(text);
  if (!position) return refuse_field(std::string(field), "must be an event's position");
  return *position;
}

/// Where to go on is for the client to decide: it has to make up for what it missed.
std::unexpected<Failure> refuse_removed(Position horizon) {
  Failure failure;
  failure.status = 410;
  failure.code = "events_removed";
  failure.message = "Events up to " + horizon.text() +
                    " are no longer kept. Read your things anew, then go on from there.";
  failure.data = {{"keptAfter", horizon.text()}};
  return std::unexpected(std::move(failure));
}

struct LookedAt {
  Position horizon;
  std::vector<StoredEvent> events;
};

Answer list_events(Request& in) {
  auto given = in.query.text("after");
  auto after = position_of(given, "after");
  if (!after) co_return std::unexpected(after.error());
  auto limit = in.query.integer("limit", 50);
  store::EventFilter filter{in.ctx.organization, in.query.text("stream"), types_in(in)};
  auto look = [&](store::Tx& tx) -> Result<LookedAt> {
    auto begin = store::horizon(tx);
    if (!begin) return std::unexpected(begin.error());
    auto found = store::read_events(tx, filter, std::max(*after, *begin),
                                    static_cast<std::size_t>(limit + 1));
    if (!found) return std::unexpected(found.error());
    return LookedAt{*begin, std::move(*found)};
  };
  auto looked = co_await in.services.parts.database.read(in.ctx, look);
  if (!looked) co_return refuse(looked.error());
  if (!given.empty() && *after < looked->horizon) co_return refuse_removed(looked->horizon);
  auto* events = &looked->events;
  bool has_next = static_cast<std::int64_t>(events->size()) > limit;
  if (has_next) events->pop_back();
  json::array items;
  for (auto& event : *events) items.push_back(event_json(event));
  auto cursor =
      events->empty() ? json::value(nullptr) : json::value(events->back().position.text());
  co_return Reply{
      .data = std::move(items),
      .pagination = json::object{{"limit", limit}, {"hasNext", has_next}, {"nextCursor", cursor}}};
}

/// One listener. Holds its place among the open streams until it is gone.
class EventStream {
 public:
  EventStream(Services& services, Context ctx, store::EventFilter filter, Position after)
      : services_(services),
        ctx_(std::move(ctx)),
        filter_(std::move(filter)),
        after_(after),
        ends_(services.parts.clock.now() + services.options.event_stream_life) {
    ++services_.event_streams;
  }
  ~EventStream() { --services_.event_streams; }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  Task<std::string> next() {
    if (first_) {
      first_ = false;
      co_return "retry: 3000\n\n";
    }
    auto& clock = services_.parts.clock;
    if (clock.now() >= ends_) co_return "";
    auto ctx = ctx_;
    ctx.deadline = std::min(clock.now() + services_.options.event_stream_beat, ends_);
    auto waiting = services_.parts.feed.next_matching(ctx, filter_, after_, notice_, 100);
    auto page = co_await std::move(waiting);
    // The client comes back with Last-Event-ID and misses nothing, or is told that it did.
    if (!page) co_return "";
    after_ = page->next;
    if (page->notice) {
      notice_ = page->notice->number;
      // Without an id: the client's place in the log stays where it is.
      co_return fmt::format("event: {}\ndata: {}\n\n", page->notice->type,
                            json::serialize(page->notice->data));
    }
    if (page->events.empty()) co_return ": here\n\n";
    std::string text;
    for (auto& event : page->events)
      text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.position.text(), event.type,
                          json::serialize(event_json(event)));
    co_return text;
  }

 private:
  Services& services_;
  Context ctx_;
  store::EventFilter filter_;
  Position after_;
  std::uint64_t notice_ = 0;  ///< the last one told
  TimePoint ends_;
  bool first_ = true;
};

Answer stream_events(Request& in) {
  auto& services = in.services;
  if (services.event_streams >= services.options.max_event_streams)
    co_return refuse({Errc::unavailable, "too many event streams are open"});
  auto last = in.http.headers.get("Last-Event-ID");
  auto from = last ? std::string(*last) : in.query.text("after");
  auto after = position_of(from, last ? "Last-Event-ID" : "after");
  if (!after) co_return std::unexpected(after.error());
  if (from.empty()) {
    auto asking = services.parts.feed.newest(in.ctx);
    auto newest = co_await std::move(asking);
    if (!newest) co_return refuse(newest.error());
    *after = *newest;
  } else {
    auto look = [](store::Tx& tx) { return store::horizon(tx); };
    auto begin = co_await services.parts.database.read(in.ctx, look);
    if (!begin) co_return refuse(begin.error());
    if (*after < *begin) co_return refuse_removed(*begin);
  }
  store::EventFilter filter{in.ctx.organization, in.query.text("stream"), types_in(in)};
  auto stream = std::make_shared<EventStream>(services, in.ctx, std::move(filter), *after);
  Reply reply;
  reply.stream = [stream] { return stream->next(); };
  reply.headers.set("Cache-Control", "no-store");
  reply.headers.set("X-Accel-Buffering", "no");
  co_return reply;
}

}  // namespace

void add_event_routes(RouteTable& table) {
  table.define("Event",
               object({required("id", id("evt")), required("position", text(1, 50)),
                       required("stream", text()), required("version", integer(1, INT64_MAX)),
                       required("type", text()), required("data", any_object()),
                       required("principal", text()), required("time", date_time())}));
  std::vector<QueryParameter> which{
      {"type", text(1, 500), "Types, with commas between; call.* takes all that start so."},
      {"after", text(1, 50),
       "The position of the last event one has; 410 when events after it are no longer kept."},
      {"stream", text(1, 200), "Of one stream."}};
  auto all = which;
  all.push_back({"limit", integer(1, 200), "How many; 50 unless told."});
  table.add({.path = "/events",
             .group = "events",
             .name = "listEvents",
             .summary = "What happened in the organization, the oldest first.",
             .permission = "events:read",
             .query = std::move(all),
             .response = list(ref("Event"), 200),
             .paging = Route::Paging::cursor,
             .handler = list_events});
  table.add({.path = "/events/stream",
             .group = "events",
             .name = "streamEvents",
             .summary = "Events as they happen, as server-sent events; Last-Event-ID goes on "
                        "where one was. Besides, without an id, health.changed: how the node "
                        "is, what is degraded, and what changed last.",
             .permission = "events:read",
             .query = std::move(which),
             .reply = ReplyKind::event_stream,
             .media_type = "text/event-stream",
             .handler = stream_events});
}

}  // namespace parley::api
