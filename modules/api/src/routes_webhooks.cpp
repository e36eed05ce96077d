#include "pages.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using namespace webhooks;

json::object endpoint_json(const Endpoint& endpoint) {
  json::array events(endpoint.events.begin(), endpoint.events.end());
  return {{"id", endpoint.id.str()},
          {"url", endpoint.url},
          {"description", endpoint.description},
          {"events", std::move(events)},
          {"enabled", endpoint.state == Endpoint::State::enabled},
          {"disabledReason", or_null(endpoint.disabled_reason)},
          {"failingSince", time_json(endpoint.failing_since)},
          {"oldSecretUntil", time_json(endpoint.old_secret_until)},
          {"createdAt", time_json(endpoint.created)},
          {"updatedAt", time_json(endpoint.updated)}};
}

Reply endpoint_reply(const Endpoint& endpoint) {
  return {.data = endpoint_json(endpoint), .version = endpoint.version};
}

Reply made_reply(const MadeEndpoint& made) {
  auto data = endpoint_json(made.endpoint);
  data["secret"] = made.secret;
  return {.data = std::move(data), .version = made.endpoint.version};
}

Answer list_endpoints(Request& in) {
  return reply(in.services.parts.webhooks.endpoints.list(in.ctx),
               [&in](auto& endpoints) { return page_of_short(endpoints, in, endpoint_json); });
}

Answer create_endpoint(Request& in) {
  NewEndpoint request;
  request.url = text_in(in.body, "url").value_or("");
  request.description = text_in(in.body, "description").value_or("");
  request.events = texts_in(in.body, "events");
  return reply(in.services.parts.webhooks.endpoints.create(in.ctx, std::move(request)), made_reply);
}

Answer get_endpoint(Request& in) {
  return reply(in.services.parts.webhooks.endpoints.get(in.ctx, in.id<EndpointId>()),
               endpoint_reply);
}

Answer update_endpoint(Request& in) {
  auto& endpoints = in.services.parts.webhooks.endpoints;
  auto reading = endpoints.get(in.ctx, in.id<EndpointId>());
  auto current = co_await std::move(reading);
  if (!current) co_return refuse(current.error());
  if (auto good = in.check_if_match(current->version); !good)
    co_return std::unexpected(good.error());
  EndpointChange change;
  change.url = text_in(in.body, "url");
  change.description = text_in(in.body, "description");
  if (list_in(in.body, "events")) change.events = texts_in(in.body, "events");
  if (auto on = flag_in(in.body, "enabled"))
    change.state = *on ? Endpoint::State::enabled : Endpoint::State::disabled;
  if (in.has_if_match()) change.expected_version = current->version;
  auto changing = endpoints.change(in.ctx, in.id<EndpointId>(), std::move(change));
  auto changed = co_await std::move(changing);
  if (!changed) co_return refuse(changed.error());
  co_return endpoint_reply(*changed);
}

Answer remove_endpoint(Request& in) {
  auto id = in.path("id");
  if (in.has_if_match()) {
    auto reading = in.services.parts.webhooks.endpoints.get(in.ctx, EndpointId(id));
    auto current = co_await std::move(reading);
    if (!current) co_return refuse(current.error());
    if (auto good = in.check_if_match(current->version); !good)
      co_return std::unexpected(good.error());
  }
  auto removing = in.services.parts.webhooks.endpoints.remove(in.ctx, EndpointId(id));
  auto removed = co_await std::move(removing);
  if (!removed) co_return refuse(removed.error());
  co_return Reply{.data = json::object{{"id", id}}};
}

Answer rotate_secret(Request& in) {
  return reply(in.services.parts.webhooks.endpoints.rotate_secret(in.ctx, in.id<EndpointId>()),
               made_reply);
}

json::object delivery_json(const Delivery& delivery) {
  auto status = delivery.last_response_status ? json::value(*delivery.last_response_status)
                                              : json::value(nullptr);
  return {{"id", delivery.id.str()},
          {"endpointId", delivery.endpoint.str()},
          {"eventId", delivery.event_id},
          {"eventType", delivery.event_type},
          {"status", to_string(delivery.status)},
          {"attempts", delivery.attempts},
          {"lastResponseStatus", std::move(status)},
          {"lastError", or_null(delivery.last_error)},
          {"createdAt", time_json(delivery.created)},
          {"lastAttemptAt", time_json(delivery.last_attempt_at)},
          {"nextAttemptAt", time_json(delivery.next_attempt_at)}};
}

Answer list_deliveries(Request& in) {
  Deliveries::Filter filter;
  filter.endpoint = EndpointId(in.query.text("endpoint"));
  filter.status = parse_delivery_status(in.query.text("status"));
  filter.event_type = in.query.text("type");
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  auto to_reply = [filter](auto& page) {
    json::array items;
    for (auto& delivery : page.items) items.push_back(delivery_json(delivery));
    return Reply{.data = std::move(items),
                 .pagination = page_of(filter.page, filter.limit, page.total)};
  };
  return reply(in.services.parts.webhooks.deliveries.list(in.ctx, filter), std::move(to_reply));
}

Answer get_delivery(Request& in) {
  auto to_reply = [](auto& found) {
    auto data = delivery_json(found.delivery);
    data["body"] = found.delivery.body;
    json::array attempts;
    for (auto& attempt : found.attempts) {
      auto status =
          attempt.response_status ? json::value(*attempt.response_status) : json::value(nullptr);
      attempts.push_back(json::object{{"number", attempt.number},
                                      {"url", attempt.url},
                                      {"sentAt", time_json(attempt.sent_at)},
                                      {"durationMs", attempt.duration.count()},
                                      {"responseStatus", std::move(status)},
                                      {"responseBody", attempt.response_body},
                                      {"error", or_null(attempt.error)}});
    }
    data["log"] = std::move(attempts);
    return Reply{.data = std::move(data)};
  };
  return reply(in.services.parts.webhooks.deliveries.get(in.ctx, in.id<DeliveryId>()),
               std::move(to_reply));
}

Answer replay_delivery(Request& in) {
  return reply(in.services.parts.webhooks.deliveries.replay(in.ctx, in.id<DeliveryId>()),
               [](auto& delivery) { return Reply{.data = delivery_json(delivery)}; });
}

Answer replay_deliveries(Request& in) {
  Deliveries::Range range;
  range.endpoint = EndpointId(text_in(in.body, "endpointId").value_or(""));
  if (auto from = list_place_in(in.body, "from"))
    range.from = {from->time, DeliveryId(std::move(from->id))};
  range.to = time_in(in.body, "to").value_or(WallTime{});
  if (range.from.created >= range.to) co_return refuse_field("to", "must be after from");
  auto status = text_in(in.body, "status").value_or("failed");
  range.status = parse_delivery_status(status);
  auto replaying = in.services.parts.webhooks.deliveries.replay(in.ctx, range);
  auto replayed = co_await std::move(replaying);
  if (!replayed) co_return refuse(replayed.error());
  json::value next_from;
  if (auto& next = replayed->next_from)
    next_from = list_place_json({next->created, next->id.str()});
  co_return Reply{.data =
                      json::object{{"count", replayed->count}, {"nextFrom", std::move(next_from)}}};
}

json::object received_json(const Received& event) {
  auto sequence = event.what.sequence ? json::value(*event.what.sequence) : json::value(nullptr);
  return {{"id", event.id.str()},
          {"source", event.what.source},
          {"kind", event.what.kind},
          {"eventId", event.what.event_id},
          {"eventType", event.what.event_type},
          {"subject", or_null(event.what.subject)},
          {"sequence", std::move(sequence)},
          {"status", to_string(event.status)},
          {"repeats", event.repeats},
          {"attempts", event.attempts},
          {"lastError", or_null(event.last_error)},
          {"receivedAt", time_json(event.received_at)},
          {"processedAt", time_json(event.processed_at)}};
}

Answer list_inbox(Request& in) {
  Inbox::Filter filter;
  filter.status = parse_inbox_status(in.query.text("status"));
  filter.source = in.query.text("source");
  filter.page = in.query.integer("page", 1);
  filter.limit = in.query.integer("limit", 50);
  filter.sort = in.query.text("sort");
  auto to_reply = [filter](auto& page) {
    json::array items;
    for (auto& event : page.items) items.push_back(received_json(event));
    return Reply{.data = std::move(items),
                 .pagination = page_of(filter.page, filter.limit, page.total)};
  };
  return reply(in.services.parts.webhooks.inbox.list(in.ctx, filter), std::move(to_reply));
}

Answer get_inbox(Request& in) {
  auto to_reply = [](auto& event) {
    auto data = received_json(event);
    data["body"] = event.what.body;
    return Reply{.data = std::move(data)};
  };
  return reply(in.services.parts.webhooks.inbox.get(in.ctx, in.id<InboxId>()), std::move(to_reply));
}

Answer replay_inbox(Request& in) {
  return reply(in.services.parts.webhooks.inbox.replay(in.ctx, in.id<InboxId>()),
               [](auto& event) { return Reply{.data = received_json(event)}; });
}

json::object source_json(const Source& source) {
  return {{"id", source.id.str()},
          {"name", source.name},
          {"kind", source.kind},
          {"path", "/webhooks/generic/" + source.name},
          {"createdAt", time_json(source.created)}};
}

Answer list_sources(Request& in) {
  return reply(in.services.parts.webhooks.sources.list(in.ctx),
               [&in](auto& sources) { return page_of_short(sources, in, source_json); });
}

Answer create_source(Request& in) {
  NewSource request;
  request.name = text_in(in.body, "name").value_or("");
  if (auto kind = text_in(in.body, "kind")) request.kind = *kind;
  request.secret = text_in(in.body, "secret").value_or("");
  return reply(in.services.parts.webhooks.sources.create(in.ctx, std::move(request)),
               [](auto& made) {
                 auto data = source_json(made.source);
                 data["secret"] = made.secret;
                 return Reply{.data = std::move(data)};
               });
}

Answer remove_source(Request& in) {
  auto id = in.path("id");
  // A source never changes.
  if (auto good = in.check_if_match(1); !good) co_return std::unexpected(good.error());
  auto removing = in.services.parts.webhooks.sources.remove(in.ctx, SourceId(id));
  auto removed = co_await std::move(removing);
  if (!removed) co_return refuse(removed.error());
  co_return Reply{.data = json::object{{"id", id}}};
}

std::vector<Field> with(std::vector<Field> fields, std::vector<Field> more) {
  for (auto& field : more) fields.push_back(std::move(field));
  return fields;
}

Schema status_of_inbox() { return choice({"received", "applied", "stale", "ignored", "dead"}); }
Schema status_of_delivery() { return choice({"pending", "delivered", "failed"}); }
Schema url() { return line(8, 2000).example("https://example.com/hooks"); }
Schema filters() {
  return list(line(1, 102), Endpoints::max_filters)
      .about("Types like call.ended, or call.* for all that start so; empty: all.")
      .example(json::array{"call.*"});
}
Schema count() { return integer(0, INT64_MAX); }

void define_schemas(RouteTable& table) {
  std::vector<Field> endpoint{required("id", id("whep")),
                              required("url", text()),
                              required("description", text()),
                              required("events", list(text(), Endpoints::max_filters)),
                              required("enabled", flag()),
                              required("disabledReason", text().or_null()),
                              required("failingSince", date_time().or_null()),
                              required("oldSecretUntil", date_time().or_null()),
                              required("createdAt", date_time()),
                              required("updatedAt", date_time())};
  table.define("WebhookEndpoint", object(endpoint));
  table.define("MadeWebhookEndpoint", object(with(endpoint, {required("secret", text())})));
  std::vector<Field> delivery{required("id", id("whd")),
                              required("endpointId", id("whep")),
                              required("eventId", text()),
                              required("eventType", text()),
                              required("status", status_of_delivery()),
                              required("attempts", count()),
                              required("lastResponseStatus", count().or_null()),
                              required("lastError", text().or_null()),
                              required("createdAt", date_time()),
                              required("lastAttemptAt", date_time().or_null()),
                              required("nextAttemptAt", date_time().or_null())};
  table.define("WebhookDelivery", object(delivery));
  auto attempt = object(
      {required("number", count()), required("url", text(0, 2000)), required("sentAt", date_time()),
       required("durationMs", count()), required("responseStatus", count().or_null()),
       required("responseBody", text(0, 8192)), required("error", text().or_null())});
  table.define("WebhookDeliveryWithLog",
               object(with(delivery, {required("body", text(0, 1u << 20)),
                                      required("log", list(attempt, 50))})));
  std::vector<Field> received{required("id", id("in")),
                              required("source", text()),
                              required("kind", text()),
                              required("eventId", text()),
                              required("eventType", text()),
                              required("subject", text().or_null()),
                              required("sequence", integer(INT64_MIN, INT64_MAX).or_null()),
                              required("status", status_of_inbox()),
                              required("repeats", count()),
                              required("attempts", count()),
                              required("lastError", text().or_null()),
                              required("receivedAt", date_time()),
                              required("processedAt", date_time().or_null())};
  table.define("InboxEvent", object(received));
  table.define("InboxEventWithBody", object(with(received, {required("body", text(0, 1u << 20))})));
  std::vector<Field> source{required("id", id("whs")), required("name", text()),
                            required("kind", text()), required("path", text()),
                            required("createdAt", date_time())};
  table.define("WebhookSource", object(source));
  table.define("MadeWebhookSource", object(with(source, {required("secret", text())})));
}

/// What all of them have in common.
Route route(net::Method method, std::string path, std::string name, std::string summary) {
  Route made;
  made.method = method;
  made.path = std::move(path);
  made.group = "webhooks";
  made.name = std::move(name);
  made.summary = std::move(summary);
  made.permission = method == net::Method::get ? "webhooks:read" : "webhooks:write";
  return made;
}
Route route(Route made, std::string thing, Schema response, Answer (*handler)(Request&)) {
  made.thing = std::move(thing);
  made.response = std::move(response);
  made.handler = handler;
  return made;
}
Route with_body(Route made, Schema request, int status = 200) {
  made.body = BodyKind::json;
  made.request = std::move(request);
  made.status = status;
  return made;
}
Route paged(Route made, const std::string& sorted_by, std::vector<QueryParameter> filters) {
  made.query = page_parameters({sorted_by});
  for (auto& filter : filters) made.query.push_back(std::move(filter));
  made.paging = Route::Paging::pages;
  return made;
}

constexpr auto get = net::Method::get;
constexpr auto post = net::Method::post;
constexpr auto patch = net::Method::patch;
constexpr auto remove = net::Method::delete_;

void add_endpoints(RouteTable& table) {
  std::string thing = "webhook_endpoint";
  std::string path = "/webhook-endpoints";
  auto made = ref("MadeWebhookEndpoint");
  auto plain = ref("WebhookEndpoint");
  table.add(paged(route(route(get, path, "listWebhookEndpoints", "Where events are sent."), thing,
                        list(plain, 200), list_endpoints),
                  "createdAt", {}));
  auto creating = route(post, path, "createWebhookEndpoint",
                        "Send events there, signed as Standard Webhooks says. The secret is shown "
                        "once.");
  auto wanted = object({required("url", url()), optional("description", line(0, 500)),
                        optional("events", filters())});
  table.add(with_body(route(creating, thing, made, create_endpoint), wanted, 201));
  path += "/{id}";
  table.add(
      route(route(get, path, "getWebhookEndpoint", "One endpoint."), thing, plain, get_endpoint));
  auto changing = route(patch, path, "updateWebhookEndpoint",
                        "What is left out stays; enabling forgets past failures.");
  auto changes = object({optional("url", url()), optional("description", line(0, 500)),
                         optional("events", filters()), optional("enabled", flag())});
  table.add(with_body(route(changing, thing, plain, update_endpoint), changes));
  table.add(route(route(remove, path, "deleteWebhookEndpoint", "With its deliveries."), thing,
                  object({required("id", id("whep"))}), remove_endpoint));
  table.add(route(route(post, path + "/rotate-secret", "rotateWebhookSecret",
                        "A new secret, shown once; for a day the one before signs too."),
                  thing, made, rotate_secret));
}

void add_deliveries(RouteTable& table) {
  std::string thing = "webhook_delivery";
  std::string path = "/webhook-deliveries";
  auto plain = ref("WebhookDelivery");
  auto listing = route(get, path, "listWebhookDeliveries", "What was sent, the newest first.");
  table.add(paged(route(listing, thing, list(plain, 200), list_deliveries), "createdAt",
                  {{"endpoint", text(1, 100), "To one endpoint."},
                   {"status", status_of_delivery(), "Of one state."},
                   {"type", text(1, 200), "Of one type of event."}}));
  table.add(route(route(get, path + "/{id}", "getWebhookDelivery",
                        "What was sent, and what each attempt brought back."),
                  thing, ref("WebhookDeliveryWithLog"), get_delivery));
  table.add(route(route(post, path + "/{id}/replay", "replayWebhookDelivery",
                        "Send it again, under the same webhook-id."),
                  thing, plain, replay_delivery));
  auto range = object(
      {required("endpointId", id("whep")),
       required("from", list_place().about("A time, or nextFrom of the answer before, as it is.")),
       required("to", date_time().example("2026-03-02T00:00:00Z")),
       optional("status",
                choice({"failed", "delivered", "pending", "any"}).about("failed unless told."))});
  auto replaying = route(post, path + "/replay", "replayWebhookDeliveries",
                         "Send those again that were made in a time, at most 500 at once.");
  auto result = object({required("count", count()), required("nextFrom", list_place().or_null())});
  table.add(with_body(route(replaying, "webhook_endpoint", result, replay_deliveries), range));
}

void add_inbox(RouteTable& table) {
  std::string thing = "inbox_event";
  auto plain = ref("InboxEvent");
  auto listing = route(get, "/inbox", "listInbox", "Webhooks that came in, the newest first.");
  table.add(paged(route(listing, thing, list(plain, 200), list_inbox), "receivedAt",
                  {{"status", status_of_inbox(), "Of one state."},
                   {"source", text(1, 200), "Of one source."}}));
  table.add(route(route(get, "/inbox/{id}", "getInboxEvent", "One of them, with its body."), thing,
                  ref("InboxEventWithBody"), get_inbox));
  table.add(route(route(post, "/inbox/{id}/replay", "replayInboxEvent",
                        "Process it again, unless it has taken effect."),
                  thing, plain, replay_inbox));
}

void add_sources(RouteTable& table) {
  std::string thing = "webhook_source";
  std::string path = "/webhook-sources";
  table.add(paged(route(route(get, path, "listWebhookSources", "Who may send signed webhooks."),
                        thing, list(ref("WebhookSource"), 200), list_sources),
                  "createdAt", {}));
  auto creating = route(post, path, "createWebhookSource",
                        "An address for signed webhooks. The secret is shown once.");
  auto wanted = object({required("name", line(1, 63).example("shop")),
                        optional("kind", line(1, 63).example("event")),
                        optional("secret", secret(16, 256).about("The sender's own; else made."))});
  table.add(
      with_body(route(creating, thing, ref("MadeWebhookSource"), create_source), wanted, 201));
  table.add(route(route(remove, path + "/{id}", "deleteWebhookSource",
                        "Its secret is good no more; what it sent stays."),
                  thing, object({required("id", id("whs"))}), remove_source));
}

}  // namespace

void add_webhook_routes(RouteTable& table) {
  define_schemas(table);
  add_endpoints(table);
  add_deliveries(table);
  add_inbox(table);
  add_sources(table);
}

}  // namespace parley::api
