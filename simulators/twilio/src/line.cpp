#include "parley/audio/g711.hpp"
#include "parley/base/json.hpp"
#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/simulators/twilio_line.hpp"
#include "play_buffer.hpp"
#include "sid.hpp"
#include "signed_webhook.hpp"

namespace parley::simulators {

namespace {

/// The text between two marks, unescaped; TwiML of our own making needs no more of an XML parser.
std::optional<std::string> between(std::string_view text, std::string_view before,
                                   std::string_view after) {
  auto start = text.find(before);
  if (start == std::string_view::npos) return std::nullopt;
  start += before.size();
  auto end = text.find(after, start);
  if (end == std::string_view::npos) return std::nullopt;
  std::string found(text.substr(start, end - start));
  constexpr std::pair<std::string_view, std::string_view> entities[]{
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
  for (auto& [entity, character] : entities)
    for (auto at = found.find(entity); at != std::string::npos; at = found.find(entity, at + 1))
      found.replace(at, entity.size(), character);
  return found;
}

struct Twiml {
  std::string stream_url;
  std::string action_url;
  std::string said;
  json::object parameters;
};

Result<Twiml> read_twiml(const std::string& document) {
  if (document.find("<Response>") == std::string::npos)
    return fail(Errc::corrupt, "the answer is not TwiML");
  Twiml twiml;
  twiml.stream_url = between(document, "<Stream url=\"", "\"").value_or("");
  twiml.action_url = between(document, "<Connect action=\"", "\"").value_or("");
  twiml.said = between(document, "<Say>", "</Say>").value_or("");
  constexpr std::string_view parameter = "<Parameter ";
  for (auto at = document.find(parameter); at != std::string::npos;
       at = document.find(parameter, at + 1)) {
    auto element = std::string_view(document).substr(at, document.find('>', at) - at);
    twiml.parameters[between(element, " name=\"", "\"").value_or("")] =
        between(element, " value=\"", "\"").value_or("");
  }
  return twiml;
}

}  // namespace

struct TwilioLine::Impl {
  Impl(Clock& c, Random& r, net::HttpClient& h, LineOptions o)
      : clock(c), random(r), http(h), options(std::move(o)) {
    while (options.server_url.ends_with('/')) options.server_url.pop_back();
    if (options.public_url.empty()) options.public_url = options.server_url;
    call_sid = options.call_sid.empty() ? make_sid("CA", random) : options.call_sid;
    account_sid = options.account_sid.empty() ? make_sid("AC", random) : options.account_sid;
  }

  Task<Twiml> ask(Context ctx, std::string url, net::Fields extra);
  Task<Twiml> what_next(Context ctx);
  Task<void> open_stream(Context ctx, const Twiml& document);
  void stop_stream();
  bool is_over() const { return leaving || redirected.has_value(); }
  asio::awaitable<void> receive();
  asio::awaitable<void> tick();
  void on_message(std::string_view text);
  void send(std::string text) {
    if (socket) (void)socket->send({false, std::move(text)});
  }
  std::string head(std::string_view event) {
    return R"({"event":")" + std::string(event) + R"(","sequenceNumber":")" +
           std::to_string(++sequence) + R"(","streamSid":")" + stream_sid + "\"";
  }

  Clock& clock;
  Random& random;
  net::HttpClient& http;
  LineOptions options;
  std::string call_sid, account_sid, stream_sid;
  std::unique_ptr<net::WebSocket> socket;
  Twiml twiml;
  PlayBuffer buffer;
  std::deque<std::int16_t> speech;
  std::int64_t sequence = 0;
  std::int64_t chunk = 0;
  TimePoint began{};
  std::optional<TimePoint> agent_last;
  int clears = 0;
  std::string said;
  LineEnd end = LineEnd::none;
  bool leaving = false;
  struct Redirection {
    std::string url;
    std::string twiml;
  };
  std::optional<Redirection> redirected;
  Signal changed;
  std::function<void(const PlayedFrame&)> on_played;
};

/// `url` as the world knows it.
Task<Twiml> TwilioLine::Impl::ask(Context ctx, std::string url, net::Fields extra) {
  SignedWebhook webhook{.signed_url = url, .url = std::move(url)};
  if (webhook.url.starts_with(options.public_url))
    webhook.url.replace(0, options.public_url.size(), options.server_url);
  webhook.form = {{"CallSid", call_sid},
                  {"AccountSid", account_sid},
                  {"From", options.from},
                  {"To", options.to},
                  {"Caller", options.from},
                  {"Called", options.to},
                  {"Direction", options.direction},
                  {"ApiVersion", "2010-04-01"}};
  webhook.form.insert(webhook.form.end(), extra.begin(), extra.end());
  auto sending = post_signed(http, std::move(ctx), options.auth_token, std::move(webhook));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 403)
    co_return fail(Errc::forbidden, "the server refused the signature: " + response->body);
  if (response->status == 204) co_return Twiml{};
  if (response->status != 200)
    co_return fail(Errc::unavailable, "the webhook answered " + std::to_string(response->status));
  co_return read_twiml(response->body);
}

/// The stream is over but the call is not: Twilio asks what next, or was told.
Task<Twiml> TwilioLine::Impl::what_next(Context ctx) {
  net::Fields status{{"CallStatus", "in-progress"}};
  auto url = twiml.action_url;
  if (redirected) {
    auto to = *std::exchange(redirected, std::nullopt);
    if (to.url.empty()) co_return read_twiml(to.twiml);
    url = to.url;
  }
  if (url.empty()) co_return Twiml{};
  auto asking = ask(std::move(ctx), std::move(url), std::move(status));
  co_return co_await std::move(asking);
}

void TwilioLine::Impl::stop_stream() {
  send(head("stop") + R"(,"stop":{"accountSid":")" + account_sid + R"(","callSid":")" + call_sid +
       "\"}}");
}

Task<void> TwilioLine::Impl::open_stream(Context ctx, const Twiml& document) {
  net::WebSocketTarget target;
  target.url = document.stream_url;
  target.headers.set("X-Twilio-Signature",
                     providers::twilio::sign(options.auth_token, target.url, {}));
  // Signed as the world knows it, and opened where the server is.
  auto socket_url = [](const std::string& url) { return "ws" + url.substr(4); };
  if (options.public_url.starts_with("http") && options.server_url.starts_with("http") &&
      target.url.starts_with(socket_url(options.public_url)))
    target.url.replace(0, options.public_url.size() - 2, socket_url(options.server_url));
  target.limits.max_queued_bytes = 4u << 20;
  auto connecting = net::connect_websocket(ctx, clock, std::move(target));
  auto opened = co_await std::move(connecting);
  if (!opened) co_return std::unexpected(opened.error());
  socket = std::move(*opened);
  stream_sid = make_sid("MZ", random);
  sequence = 0;
  chunk = 0;
  send(R"({"event":"connected","protocol":"Call","version":"1.0.0"})");
  send(head("start") + R"(,"start":{"streamSid":")" + stream_sid + R"(","accountSid":")" +
       account_sid + R"(","callSid":")" + call_sid +
       R"(","tracks":["inbound"],"customParameters":)" + json::serialize(document.parameters) +
       R"(,"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})");
  co_return Result<void>{};
}

asio::awaitable<void> TwilioLine::Impl::receive() {
  while (true) {
    auto receiving = socket->receive();
    auto message = co_await std::move(receiving);
    if (!message) co_return;
    on_message(message->payload);
  }
}

void TwilioLine::Impl::on_message(std::string_view text) {
  auto message = parse_json(text);
  if (!message) return;
  auto event = text_at(*message, "/event");
  if (event == "clear") {
    ++clears;
    buffer.clear();
  } else if (event == "media") {
    auto payload = base64_decode(text_at(*message, "/media/payload"));
    if (!payload) return;
    std::span codes(reinterpret_cast<const std::uint8_t*>(payload->data()), payload->size());
    buffer.add(audio::mulaw_decode(codes));
  } else if (event == "mark") {
    buffer.mark(text_at(*message, "/mark/name"));
  }
}

/// The carrier's clock: every 20 ms a frame of the caller goes out and a frame of the agent plays.
asio::awaitable<void> TwilioLine::Impl::tick() {
  auto start = clock.now();
  for (std::int64_t n = 0;; ++n) {
    co_await clock.sleep_until(start + n * Duration(audio::frame_length));
    if (is_over()) co_return;
    audio::Samples frame(audio::telephone_frame_samples, 0);
    auto count = std::min(speech.size(), frame.size());
    std::copy_n(speech.begin(), count, frame.begin());
    speech.erase(speech.begin(), speech.begin() + static_cast<std::ptrdiff_t>(count));
    auto codes = audio::mulaw_encode(frame);
    auto payload = base64_encode(std::as_bytes(std::span(codes)));
    send(head("media") + R"(,"media":{"track":"inbound","chunk":")" + std::to_string(++chunk) +
         R"(","timestamp":")" + std::to_string(n * 20) + R"(","payload":")" + payload + "\"}}");
    auto played = buffer.play();
    if (played.agent) agent_last = clock.now();
    for (auto& mark : played.marks)
      send(head("mark") + R"(,"mark":{"name":)" + json::serialize(json::string(mark)) + "}}");
    if (on_played) on_played({clock.now() - began, std::move(played.samples), played.agent});
    changed.notify();
  }
}

TwilioLine::TwilioLine(Clock& clock, Random& random, net::HttpClient& http, LineOptions options)
    : impl_(std::make_unique<Impl>(clock, random, http, std::move(options))) {}
TwilioLine::~TwilioLine() = default;

Task<void> TwilioLine::dial(Context ctx) {
  impl_->began = impl_->clock.now();
  auto& options = impl_->options;
  auto twiml = options.twiml.empty() ? Result<Twiml>(Twiml{}) : read_twiml(options.twiml);
  if (options.twiml.empty()) {
    auto url = options.voice_url;
    if (url.empty()) url = options.public_url + "/webhooks/twilio/call";
    auto status = options.direction == "inbound" ? "ringing" : "in-progress";
    auto extra = options.voice_extra;
    extra.insert(extra.begin(), {"CallStatus", status});
    auto asking = impl_->ask(ctx, std::move(url), std::move(extra));
    twiml = co_await std::move(asking);
  }
  if (!twiml) {
    impl_->end = LineEnd::refused;
    co_return std::unexpected(twiml.error());
  }
  impl_->twiml = std::move(*twiml);
  impl_->said = impl_->twiml.said;
  if (impl_->twiml.stream_url.empty()) {
    impl_->end = LineEnd::hung_up_by_server;
    co_return fail(Errc::conflict, "the server declined the call: " + impl_->said);
  }
  auto opening = impl_->open_stream(ctx, impl_->twiml);
  auto opened = co_await std::move(opening);
  if (!opened) impl_->end = LineEnd::broken;
  co_return opened;
}

asio::awaitable<void> TwilioLine::run(Context ctx) {
  auto& line = *impl_;
  auto forward = [this](const PlayedFrame& frame) {
    if (on_played) on_played(frame);
  };
  line.on_played = forward;
  while (line.end == LineEnd::none) {
    auto receiving = line.receive();
    auto ticking = line.tick();
    co_await race(std::move(receiving), std::move(ticking));
    if (line.is_over()) line.stop_stream();
    if (line.leaving) line.end = LineEnd::hung_up_by_caller;
    auto closing = line.socket->close(1000, "");
    co_await std::move(closing);
    if (line.leaving) break;
    line.buffer.clear();
    auto asking = line.what_next(ctx);
    auto twiml = co_await std::move(asking);
    if (!twiml) {
      line.end = LineEnd::broken;
      break;
    }
    if (!twiml->said.empty()) line.said += (line.said.empty() ? "" : " ") + twiml->said;
    line.twiml = std::move(*twiml);
    if (line.twiml.stream_url.empty()) {
      line.end = LineEnd::hung_up_by_server;
      break;
    }
    auto opening = line.open_stream(ctx, line.twiml);
    auto opened = co_await std::move(opening);
    if (!opened) line.end = LineEnd::broken;
  }
  line.changed.notify();
  if (line.options.tells_status == LineOptions::TellsStatus::no) co_return;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(elapsed()).count();
  auto telling = line.ask(ctx, line.options.public_url + "/webhooks/twilio/status",
                          {{"CallStatus", "completed"},
                           {"SequenceNumber", "3"},
                           {"CallDuration", std::to_string(seconds)}});
  (void)co_await std::move(telling);
  line.changed.notify();
}

void TwilioLine::say(audio::Samples samples) {
  impl_->speech.insert(impl_->speech.end(), samples.begin(), samples.end());
}
void TwilioLine::press(char digit) {
  impl_->send(impl_->head("dtmf") + R"(,"dtmf":{"track":"inbound_track","digit":")" + digit +
              "\"}}");
}
void TwilioLine::hang_up() { impl_->leaving = true; }
void TwilioLine::redirect(std::string url, std::string twiml) {
  impl_->redirected = {std::move(url), std::move(twiml)};
}
void TwilioLine::send_raw(std::string text) { impl_->send(std::move(text)); }
bool TwilioLine::caller_speaking() const noexcept { return !impl_->speech.empty(); }
bool TwilioLine::agent_speaking() const noexcept { return !impl_->buffer.empty(); }
bool TwilioLine::agent_ever_spoke() const noexcept { return impl_->agent_last.has_value(); }
Duration TwilioLine::agent_silent_for() const noexcept {
  return impl_->clock.now() - impl_->agent_last.value_or(impl_->began);
}
LineEnd TwilioLine::ended() const noexcept { return impl_->end; }
const std::string& TwilioLine::call_sid() const noexcept { return impl_->call_sid; }
const std::string& TwilioLine::said() const noexcept { return impl_->said; }
int TwilioLine::clears() const noexcept { return impl_->clears; }
Duration TwilioLine::elapsed() const noexcept { return impl_->clock.now() - impl_->began; }
Signal& TwilioLine::changed() noexcept { return impl_->changed; }

}  // namespace parley::simulators
