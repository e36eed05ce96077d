// What Twilio sends: the messages of a media stream, one a line, and the forms of its webhooks. The
// first byte chooses which.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <deque>

#include "parley/base/strings.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/providers/twilio/media.hpp"
#include "parley/providers/twilio/signature.hpp"

using namespace parley;
using namespace parley::providers::twilio;

namespace {

constexpr int most_events = 500;
constexpr std::chrono::hours longest_call{25};

void require(bool holds) {
  if (!holds) std::abort();
}

/// Twilio's side of a stream: the lines, then silence for good.
class Lines final : public net::WebSocket {
 public:
  explicit Lines(std::string_view text) {
    for (auto& line : split(text, '\n')) incoming_.push_back({false, line});
  }
  Task<net::WebSocketMessage> receive() override {
    if (incoming_.empty()) co_return fail(Errc::unavailable, "reset");
    auto message = std::move(incoming_.front());
    incoming_.pop_front();
    co_return message;
  }
  Result<void> send(net::WebSocketMessage, Priority) override { return {}; }
  std::size_t drop_queued() override { return 0; }
  std::size_t queued_bytes() const noexcept override { return 0; }
  asio::awaitable<void> close(int, std::string) override { co_return; }

 private:
  std::deque<net::WebSocketMessage> incoming_;
};

asio::awaitable<void> read_stream(Clock& clock, std::string_view text) {
  auto opening = open_media_stream(Context{}, clock, std::make_unique<Lines>(text));
  auto opened = co_await std::move(opening);
  if (!opened) co_return;
  require(!opened->start.call_sid.empty() && !opened->start.stream_sid.empty());
  auto& media = *opened->media;
  require(media.send_mark("turn-1").has_value());
  int events = 0;
  auto reading = media.receive_all([&](telephony::MediaEvent& event) {
    if (auto* audio = std::get_if<telephony::MediaAudio>(&event)) {
      require(!audio->payload.empty() && audio->timestamp.count() >= 0);
      require(audio->timestamp <= longest_call);
    } else if (auto* mark = std::get_if<telephony::MediaMark>(&event)) {
      require(mark->name == "turn-1");
    }
    return ++events < most_events;
  });
  (void)co_await std::move(reading);
}

struct Handler final : telephony::CallHandler {
  asio::awaitable<telephony::CallAnswer> incoming(Context, telephony::IncomingCall call) override {
    require(!call.carrier_call_id.empty() && !call.to.empty());
    co_return telephony::SayAndHangUp{call.to};
  }
  Result<OrganizationId> organization_of(store::Tx&, const std::string&,
                                         const std::string&) override {
    return fail(Errc::not_found, "no call");
  }
  Result<void> status_changed(store::Tx&, const telephony::CallStatusUpdate&) override {
    return {};
  }
  Result<void> recording_changed(store::Tx&, const telephony::CarrierRecording&) override {
    return {};
  }
  Task<void> media_opened(Context, std::string, std::string,
                          std::unique_ptr<telephony::MediaStream>) override {
    co_return Result<void>{};
  }
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(Context, std::string,
                                                                    std::string) override {
    co_return std::nullopt;
  }
};

struct KeepsNothing final : Callbacks {
  Task<void> keep(Context, Callback) override { co_return Result<void>{}; }
};

struct NoHttp final : net::HttpClient {
  Task<net::HttpResponse> send(Context, net::OutgoingRequest) override {
    co_return fail(Errc::unavailable, "no network");
  }
};

/// A signed form, so that what stands behind the signature is reached.
asio::awaitable<void> answer_form(Clock& clock, std::string_view path, std::string_view body) {
  auto form = net::parse_form(body);
  if (!form) co_return;
  NoHttp http;
  Handler handler;
  KeepsNothing callbacks;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer(clock, random, spans);
  resilience::Policies policies(clock, random, registry, tracer);
  TwilioCarrier carrier({"AC1", "secret", "http://api.test", "https://v.test"}, clock, http,
                        policies.add("twilio", {}), handler, callbacks);
  net::Router router;
  carrier.mount(router);
  net::HttpRequest request;
  request.method = net::Method::post;
  request.target = request.path = std::string(path);
  request.body = std::string(body);
  request.headers.set("X-Twilio-Signature",
                      sign("secret", "https://v.test" + std::string(path), *form));
  auto match = router.match(net::Method::post, path);
  auto handling = (*std::get<net::Router::HttpMatch>(match).handler)(std::move(request));
  auto response = co_await std::move(handling);
  require(response.status == 200 || response.status == 204 || response.status == 400);
  // What a caller sends is never markup.
  if (response.status == 200) require(response.body.ends_with("</Response>"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::string_view paths[]{"/webhooks/twilio/call", "/webhooks/twilio/status",
                                     "/webhooks/twilio/continue"};
  SystemClock clock;
  asio::io_context io{1};
  auto work =
      data[0] == 's' ? read_stream(clock, bytes) : answer_form(clock, paths[data[0] % 3], bytes);
  std::exception_ptr thrown;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr e) { thrown = e; });
  io.run();
  require(!thrown);
  return 0;
}
