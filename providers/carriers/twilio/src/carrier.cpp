#include "parley/providers/twilio/carrier.hpp"

#include "parley/base/strings.hpp"
#include "parley/net/retry_after.hpp"
#include "parley/providers/twilio/media.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/providers/twilio/twiml.hpp"

namespace parley::providers::twilio {

namespace {

/// Twilio sends 50 frames a second even in silence; this long without any is a dead stream.
constexpr Duration media_silence = std::chrono::seconds(20);

/// Twilio waits 15 s for TwiML; the caller hears silence meanwhile.
constexpr Duration webhook_limit = std::chrono::seconds(8);

std::string field(const net::Fields& form, std::string_view name) {
  return std::string(net::find_field(form, name).value_or(""));
}

std::string sid_of_call(const net::Fields& form) { return field(form, "CallSid"); }

/// Withheld callers come as "anonymous" or as made-up numbers such as +266696687 ("ANONYMOUS").
std::string caller_number(const net::Fields& form) {
  auto from = normalize_e164(field(form, "From"));
  if (!from || *from == "+266696687" || *from == "+7378742833" || *from == "+2562533" ||
      *from == "+8566696" || *from == "+86282452253")
    return "";
  return *from;
}

net::HttpResponse twiml(std::string document) {
  return net::text_response(200, std::move(document), "text/xml; charset=utf-8");
}

}  // namespace

TwilioCarrier::TwilioCarrier(Options options, Clock& clock, net::HttpClient& http,
                             resilience::Policy& policy, telephony::CallHandler& calls,
                             Callbacks& callbacks)
    : options_(std::move(options)),
      clock_(clock),
      http_(http),
      policy_(policy),
      calls_(calls),
      callbacks_(callbacks) {}

void TwilioCarrier::mount(net::Router& router) {
  using Handler = asio::awaitable<net::HttpResponse> (TwilioCarrier::*)(net::HttpRequest);
  auto add = [&](std::string path, Handler handler) {
    router.add(
        net::Method::post, std::move(path),
        [this, handler](net::HttpRequest request) { return (this->*handler)(std::move(request)); },
        {.max_body_bytes = 64u << 10});
  };
  add("/webhooks/twilio/call", &TwilioCarrier::on_call);
  add("/webhooks/twilio/voice", &TwilioCarrier::on_call);
  add("/webhooks/twilio/continue", &TwilioCarrier::on_continue);
  add("/webhooks/twilio/status", &TwilioCarrier::on_status);
  add("/webhooks/twilio/recording", &TwilioCarrier::on_recording);
  for (auto* kind : {"amd", "message"})
    add(std::string("/webhooks/twilio/") + kind, &TwilioCarrier::on_notice);
  net::WebSocketLimits limits;
  limits.message_timeout = media_silence;
  router.add_websocket(
      "/media/twilio/{callToken}",
      [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
        return on_media(std::move(upgrade), std::move(socket));
      },
      limits);
}

Result<net::Fields> TwilioCarrier::verified(const net::HttpRequest& request) {
  auto form = net::parse_form(request.body);
  if (!form) return std::unexpected(form.error());
  auto signature = request.headers.get("X-Twilio-Signature");
  if (!signature) return fail(Errc::forbidden, "the X-Twilio-Signature header is missing");
  // Rebuilt from the configured address: what a proxy or a client writes into Host proves nothing.
  auto url = options_.public_url + request.target;
  if (!verify(options_.auth_token, url, *form, *signature))
    return fail(Errc::forbidden, "the signature does not match this address and auth token");
  return form;
}

net::HttpResponse TwilioCarrier::refuse(const Error& error) {
  if (error.code != Errc::forbidden) return net::text_response(400, error.detail + "\n");
  refused_.fetch_add(1, std::memory_order_relaxed);
  return net::text_response(403, error.detail + "\n");
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_call(net::HttpRequest request) {
  auto form = verified(request);
  if (!form) co_return refuse(form.error());
  telephony::IncomingCall call{"twilio", sid_of_call(*form), caller_number(*form),
                               field(*form, "To")};
  if (call.carrier_call_id.empty() || call.to.empty())
    co_return net::text_response(400, "CallSid and To are required\n");
  if (auto to = normalize_e164(call.to)) call.to = *to;
  Context ctx;
  ctx.deadline = clock_.now() + webhook_limit;
  auto deciding = calls_.incoming(ctx, std::move(call));
  std::optional<telephony::CallAnswer> answer = co_await std::move(deciding);
  co_return twiml(render_twiml(answer, {options_.public_url}));
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_continue(net::HttpRequest request) {
  auto form = verified(request);
  if (!form) co_return refuse(form.error());
  Context ctx;
  ctx.deadline = clock_.now() + webhook_limit;
  auto deciding = calls_.media_ended(ctx, "twilio", sid_of_call(*form));
  auto answer = co_await std::move(deciding);
  co_return twiml(render_twiml(answer, {options_.public_url}));
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_callback(net::HttpRequest request,
                                                              Callback::Kind kind) {
  auto form = verified(request);
  if (!form) co_return refuse(form.error());
  Context ctx;
  ctx.deadline = clock_.now() + webhook_limit;
  Callback callback{kind, std::move(*form)};
  auto keeping = callbacks_.keep(ctx, std::move(callback));
  auto kept = co_await std::move(keeping);
  if (!kept && kept.error().code == Errc::invalid) co_return refuse(kept.error());
  // Twilio repeats a callback that was not acknowledged.
  if (!kept) co_return net::text_response(503, "");
  co_return net::text_response(204, "");
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_status(net::HttpRequest request) {
  return on_callback(std::move(request), Callback::Kind::status);
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_recording(net::HttpRequest request) {
  return on_callback(std::move(request), Callback::Kind::recording);
}

asio::awaitable<net::HttpResponse> TwilioCarrier::on_notice(net::HttpRequest request) {
  auto form = verified(request);
  if (!form) co_return refuse(form.error());
  co_return net::text_response(204, "");
}

asio::awaitable<void> TwilioCarrier::on_media(net::HttpRequest upgrade,
                                              std::unique_ptr<net::WebSocket> socket) {
  std::string token(upgrade.path_value("callToken").value_or(""));
  Context ctx;
  auto opening = open_media_stream(ctx, clock_, std::move(socket));
  auto opened = co_await std::move(opening);
  if (!opened) co_return;
  auto running = calls_.media_opened(ctx, std::move(token), std::move(opened->start.call_sid),
                                     std::move(opened->media));
  // A refused token has closed the stream; there is no one to tell.
  (void)co_await std::move(running);
}

Task<void> TwilioCarrier::hang_up(Context ctx, std::string carrier_call_id) {
  if (options_.account_sid.empty())
    co_return fail(Errc::unavailable, "no Twilio account is configured (twilio.account_sid)");
  // Hanging up twice is harmless, so a lost answer may simply be asked again.
  auto asking = policy_.run(std::move(ctx), {"calls.update", resilience::Repeat::safe},
                            [this, &carrier_call_id](Context limited) {
                              return complete_call(std::move(limited), carrier_call_id);
                            });
  co_return co_await std::move(asking);
}

Task<void> TwilioCarrier::complete_call(Context ctx, std::string carrier_call_id) {
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = options_.api_url + "/2010-04-01/Accounts/" + url_encode(options_.account_sid) +
                "/Calls/" + url_encode(carrier_call_id) + ".json";
  auto credentials = options_.account_sid + ":" + options_.auth_token;
  request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.headers.set("Accept", "application/json");
  request.body = "Status=completed";
  auto sending = http_.send(std::move(ctx), std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status / 100 == 2 || response->status == 404) co_return Result<void>{};
  if (response->status == 401) co_return fail(Errc::forbidden, "Twilio refused the credentials");
  auto code = response->status == 429 ? Errc::rate_limited : Errc::unavailable;
  Error error{code, "Twilio answered " + std::to_string(response->status)};
  error.retry_after = net::retry_after(*response, clock_.wall());
  co_return std::unexpected(std::move(error));
}

}  // namespace parley::providers::twilio
