#include "parley/webhooks/generic_receiver.hpp"

#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::webhooks {

namespace {

net::HttpResponse envelope(int status, json::object body) {
  auto response =
      net::text_response(status, json::serialize(body), "application/json; charset=utf-8");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

net::HttpResponse refuse(int status, std::string_view code, std::string_view message,
                         const std::string& request_id) {
  auto response = envelope(
      status, {{"success", false}, {"error", message}, {"code", code}, {"requestId", request_id}});
  if (status == 503) response.headers.set("Retry-After", "5");
  return response;
}

std::string text_at(const json::object& body, std::string_view name) {
  auto* value = body.if_contains(name);
  if (!value) return {};
  if (auto* text = value->if_string()) return std::string(*text);
  if (value->is_int64() || value->is_uint64()) return json::serialize(*value);
  return {};
}

/// Only of what was signed: whoever repeats a message must not be able to make it look new.
NewReceived event_of(const Source& source, const json::object& body, std::string_view timestamp,
                     std::string raw) {
  NewReceived event;
  event.source = source.name;
  event.kind = source.kind;
  event.event_id = text_at(body, "id");
  if (event.event_id.empty())
    event.event_id = "signed_" + generic_signature("", timestamp, raw).substr(0, 40);
  event.event_type = text_at(body, "type");
  event.subject = text_at(body, "subject");
  if (auto* sequence = body.if_contains("sequence"); sequence && sequence->is_int64())
    event.sequence = sequence->get_int64();
  event.body = std::move(raw);
  return event;
}

}  // namespace

void GenericReceiver::mount(net::Router& router) {
  auto handler = [this](net::HttpRequest request) { return receive(std::move(request)); };
  router.add(net::Method::post, "/webhooks/generic/{name}", std::move(handler), {max_body_bytes});
}

asio::awaitable<net::HttpResponse> GenericReceiver::receive(net::HttpRequest request) {
  Context ctx;
  ctx.deadline = clock_.now() + 15s;
  ctx.principal = {Principal::Kind::system, "webhooks", Role::operator_};
  auto finding = sources_.find(ctx, std::string(request.path_value("name").value_or("")));
  auto found = co_await std::move(finding);
  if (!found && found.error().code != Errc::not_found) {
    log::error("inbox.unreadable", {{"reason", found.error().detail}}, ctx);
    co_return refuse(503, "unavailable", "It could not be stored. Send it again.",
                     request.request_id);
  }
  GenericHeaders headers{request.headers.get("x-webhook-signature").value_or(""),
                         request.headers.get("x-webhook-timestamp").value_or("")};
  // An unknown name costs the same work and gets the same answer as a wrong signature.
  auto verdict = check_generic(found ? found->secret : "", headers, request.body, clock_.wall());
  if (!found || verdict != Verdict::good) {
    bool stale = found && verdict == Verdict::stale;
    inbox_.count_refused(stale ? "stale" : "signature");
    co_return stale
        ? refuse(401, "stale_timestamp", "The timestamp is more than five minutes away.",
                 request.request_id)
        : refuse(401, "bad_signature", "The signature is not right.", request.request_id);
  }
  auto body = parse_json(request.body);
  if (!body || !body->is_object()) {
    inbox_.count_refused("malformed");
    co_return refuse(400, "malformed_json", "The body must be a JSON object.", request.request_id);
  }
  ctx.organization = found->source.organization;
  auto event =
      event_of(found->source, body->get_object(), headers.timestamp, std::move(request.body));
  auto storing = inbox_.receive(ctx, std::move(event));
  auto stored = co_await std::move(storing);
  if (!stored && stored.error().code == Errc::invalid) {
    inbox_.count_refused("malformed");
    co_return refuse(400, "malformed_webhook", stored.error().detail, request.request_id);
  }
  if (!stored) {
    log::error("inbox.not_stored", {{"reason", stored.error().detail}}, ctx);
    co_return refuse(503, "unavailable", "It could not be stored. Send it again.",
                     request.request_id);
  }
  bool repeated = stored->as == Inbox::Receipt::As::repeated;
  co_return envelope(200,
                     {{"success", true},
                      {"data", json::object{{"id", stored->id.str()}, {"repeated", repeated}}}});
}

Processor make_event_processor() {
  return [](store::Tx& tx, const Received& event) -> Result<Processed> {
    auto& what = event.what;
    if (what.sequence && !what.subject.empty()) {
      auto order = advance(tx, what.source, what.subject, *what.sequence);
      if (!order) return std::unexpected(order.error());
      if (*order == Order::older) return Processed::stale;
    }
    json::object data{{"inboxId", event.id.str()},
                      {"source", what.source},
                      {"eventId", what.event_id},
                      {"eventType", what.event_type},
                      {"subject", what.subject}};
    auto appended = tx.append("inbox/" + what.source, {"webhook.received", std::move(data)});
    if (!appended) return std::unexpected(appended.error());
    return Processed::applied;
  };
}

}  // namespace parley::webhooks
