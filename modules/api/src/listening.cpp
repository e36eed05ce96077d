// The WebSocket /calls/{id}/listen: what is said on it stands in its row at the end of this file.
#include <bit>

#include "parley/audio/g711.hpp"
#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/calls/live_calls.hpp"
#include "request_check.hpp"
#include "services.hpp"

namespace parley::api {

namespace {

static_assert(std::endian::native == std::endian::little, "pcm16 goes out as it lies in memory");

constexpr Duration token_limit = std::chrono::seconds(10);
/// A second of live speech in one message.
constexpr std::size_t largest_message_bytes = 16'000;
constexpr std::size_t most_queued_bytes = 512u << 10;
/// Pieces in a row that the line did not take: the listener is gone, or far too slow.
constexpr int most_untaken = 50;

class ListeningSocket {
 public:
  ListeningSocket(Services& services, net::HttpRequest upgrade,
                  std::unique_ptr<net::WebSocket> socket)
      : services_(services), upgrade_(std::move(upgrade)), socket_(std::move(socket)) {}

  asio::awaitable<void> run() {
    auto serving = serve();
    auto served = co_await std::move(serving);
    if (!served) tell(served.error());
    auto closing = socket_->close(served ? 1000 : 4000 + served.error().status, "");
    co_await std::move(closing);
  }

 private:
  using Served = std::expected<void, Failure>;

  asio::awaitable<Served> serve() {
    auto encoding = net::find_field(upgrade_.query, "encoding").value_or("pcm16");
    if (encoding != "pcm16" && encoding != "mulaw")
      co_return refuse_field("encoding", "is pcm16 or mulaw");
    mulaw_ = encoding == "mulaw";
    auto asking = bearer();
    auto token = co_await std::move(asking);
    Context ctx;
    ctx.deadline = services_.parts.clock.now() + services_.options.request_timeout;
    // Guesses at tokens are counted as everywhere.
    auto address = "address " + address_group(client_address(upgrade_, services_.options));
    auto counting = services_.clients.take(ctx, std::move(address));
    auto counted = co_await std::move(counting);
    if (!counted.allowed)
      co_return refuse_until(counted.retry_after, "rate_limited",
                             "Too many requests. Wait a little.");
    auto identifying = services_.parts.auth.sessions->authenticate(ctx, std::move(token));
    auto who = co_await std::move(identifying);
    if (!who) co_return refuse(who.error());
    if (!who->may("recordings:read"))
      co_return refuse(403, "forbidden", "This needs the permission \"recordings:read\".");
    may_speak_ = who->may("calls:write");
    ctx_.organization = ctx.organization = who->organization;
    ctx_.principal = ctx.principal = who->principal;
    id_ = CallId(std::string(upgrade_.path_value("id").value_or("")));
    auto listening = services_.parts.calls.live().listen(ctx, id_);
    auto sound = co_await std::move(listening);
    if (!sound) co_return refuse(sound.error(), "call");
    say({{"event", "listening"},
         {"encoding", mulaw_ ? "mulaw" : "pcm16"},
         {"rateHz", calls::CallSound::rate_hz},
         {"channels", 2},
         {"left", "caller"},
         {"right", "agent"}});
    auto playing = play(**sound);
    auto hearing = hear();
    co_await race(std::move(playing), std::move(hearing));
    co_return Served{};
  }

  asio::awaitable<std::string> bearer() {
    auto header = upgrade_.headers.get("Authorization").value_or("");
    if (header.size() > 7 && iequals(header.substr(0, 7), "Bearer "))
      co_return std::string(trim(header.substr(7)));
    auto receiving = socket_->receive();
    auto first = co_await with_deadline(
        services_.parts.clock, services_.parts.clock.now() + token_limit, std::move(receiving));
    if (!first || first->binary) co_return "";
    auto message = parse_json(first->payload);
    co_return message ? text_at(*message, "/token") : "";
  }

  /// Until the call is over, or the line takes no more.
  asio::awaitable<void> play(calls::CallSound& sound) {
    int untaken = 0;
    std::uint64_t dropped_before = 0;
    std::uint64_t untaken_pieces = 0;
    while (untaken < most_untaken) {
      auto taking = sound.next();
      auto piece = co_await std::move(taking);
      if (!piece) break;
      net::WebSocketMessage message{.binary = true, .payload = encoded(*piece)};
      bool sent = socket_->send(std::move(message)).has_value();
      untaken = sent ? 0 : untaken + 1;
      untaken_pieces += sent ? 0u : 1u;
      auto dropped = sound.dropped() + untaken_pieces;
      if (sent && dropped != dropped_before)
        say({{"event", "dropped"}, {"pieces", dropped - std::exchange(dropped_before, dropped)}});
    }
    say({{"event", "ended"}});
  }

  std::string encoded(const std::vector<std::int16_t>& samples) const {
    if (!mulaw_) return std::string(as_text(std::as_bytes(std::span(samples))));
    auto codes = audio::mulaw_encode(samples);
    return std::string(as_text(std::as_bytes(std::span(codes))));
  }

  /// Until the listener leaves.
  asio::awaitable<void> hear() {
    while (true) {
      auto receiving = socket_->receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return;
      if (!message->binary || !may_speak_) continue;
      std::vector<std::int16_t> samples(message->payload.size() / 2);
      std::memcpy(samples.data(), message->payload.data(), samples.size() * 2);
      // When nobody took the call over it is heard by nobody.
      (void)services_.parts.calls.live().speak(ctx_, id_, std::move(samples));
    }
  }

  void tell(const Failure& failure) {
    say({{"event", "error"}, {"error", failure.message}, {"code", code_of(failure, "call")}});
  }
  void say(json::object event) { (void)socket_->send({false, json::serialize(event)}); }

  Services& services_;
  net::HttpRequest upgrade_;
  std::unique_ptr<net::WebSocket> socket_;
  Context ctx_;
  CallId id_;
  bool mulaw_ = false;
  bool may_speak_ = false;
};

asio::awaitable<void> listen(Services& services, net::HttpRequest upgrade,
                             std::unique_ptr<net::WebSocket> socket) {
  ListeningSocket listening(services, std::move(upgrade), std::move(socket));
  auto running = listening.run();
  co_await std::move(running);
}

using namespace schema;

Schema event(std::string name, std::vector<Field> fields = {}) {
  fields.insert(fields.begin(), required("event", choice({std::move(name)})));
  return object(std::move(fields));
}

std::vector<SocketRoute::Message> heard() {
  return {{"First: what the sound is.",
           event("listening",
                 {required("encoding", choice({"pcm16", "mulaw"})),
                  required("rateHz", integer(8000, 48'000)), required("channels", integer(2, 2)),
                  required("left", choice({"caller"})), required("right", choice({"agent"}))})},
          {"100 ms of sound: both channels interleaved, little-endian pcm16 or mulaw.", file()},
          {"Sound was left out here: this side was too slow.",
           event("dropped", {required("pieces", integer(1, INT64_MAX))})},
          {"The call is over; the socket closes with 1000.", event("ended")},
          {"A refusal; the socket closes with 4000 + the status of HTTP.",
           event("error", {required("error", text()), required("code", text())})}};
}

}  // namespace

void add_listening_socket(RouteTable& table) {
  SocketRoute socket;
  socket.path = "/calls/{id}/listen";
  socket.group = "calls";
  socket.name = "listenToCall";
  socket.summary =
      "A WebSocket: a running call's sound, both sides, and a voice in the agent's place for who "
      "took the call over. Who asks is told by the Authorization header or, since browsers cannot "
      "send that, by the first message.";
  socket.permission = "recordings:read";
  socket.query = {{"encoding", choice({"pcm16", "mulaw"}), "Of the sound; pcm16 unless told."}};
  socket.from_client = {
      {"Within ten seconds, unless the Authorization header was sent.",
       object({required("token", text(1, largest_message_bytes))})},
      {"Mono pcm16, as rateHz says: heard when the call was taken over. Needs calls:write.",
       file()}};
  socket.from_server = heard();
  socket.refusals = {401, 403, 404, 409, 422, 429, 503};
  socket.limits.max_message_bytes = largest_message_bytes;
  socket.limits.max_queued_bytes = most_queued_bytes;
  socket.handler = listen;
  table.sockets.push_back(std::move(socket));
}

}  // namespace parley::api
