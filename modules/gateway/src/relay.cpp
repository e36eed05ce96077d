#include <boost/url/parse.hpp>

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/client.hpp"
#include "parley/telemetry/log.hpp"
#include "passage.hpp"

namespace parley::gateway {

namespace {

constexpr int max_waits_for_room = 6000;  ///< of 5 ms: half a minute

enum class Ended { orderly, broken };

/// Messages in one direction. A receiver that is slower than the sender fills its own bounded
/// queue; then nothing more is read, so that the sender's network holds it back. What a queue has
/// no signal for is looked at every 5 ms.
asio::awaitable<Ended> pump(Clock& clock, net::WebSocket& from, net::WebSocket& to) {
  while (true) {
    auto receiving = from.receive();
    auto message = co_await std::move(receiving);
    if (!message)
      co_return message.error().code == Errc::end_of_stream ? Ended::orderly : Ended::broken;
    for (int waits = 0;; ++waits) {
      auto sent = to.send(*message);
      if (sent) break;
      if (sent.error().code != Errc::rate_limited || waits == max_waits_for_room)
        co_return Ended::broken;
      auto pause = clock.sleep_for(5ms);
      co_await std::move(pause);
    }
  }
}

/// http://host/path of a target as ws://, with the request's own path and query.
std::string websocket_url(const std::string& target_url, const std::string& path_and_query) {
  auto url = boost::urls::parse_uri(target_url);
  if (!url) return "";
  bool tls = iequals(std::string(url->scheme()), "https");
  return (tls ? "wss://" : "ws://") + std::string(url->encoded_host_and_port()) + path_and_query;
}

}  // namespace

asio::awaitable<void> relay(Clock& clock, net::WebSocket& client, net::WebSocket& target) {
  auto up = pump(clock, client, target);
  auto down = pump(clock, target, client);
  auto first = co_await race(std::move(up), std::move(down));
  bool client_ended = first.index() == 0;
  auto ended = client_ended ? std::get<0>(first) : std::get<1>(first);
  auto& other = client_ended ? target : client;
  auto closing = ended == Ended::orderly
                     ? other.close(1000, "")
                     : other.close(client_ended ? 1001 : 1011, "the other side went away");
  co_await std::move(closing);
}

asio::awaitable<net::WebSocketAdmission> Passage::open_websocket() {
  net::WebSocketAdmission admission;
  auto refuse = [&](const Refusal& refusal) {
    route_->count(refusal.status);
    admission.refused = respond(refusal, request_.request_id);
  };
  auto admitting = admit();
  if (auto admitted = co_await std::move(admitting); !admitted) {
    refuse(admitted.error());
    co_return admission;
  }
  auto place = route_->choose({});
  if (!place) {
    refuse({.status = 503,
            .code = "gateway_no_healthy_target",
            .message = "None of the services behind this address is well just now.",
            .retry_after = place.error().retry_after});
    co_return admission;
  }
  auto& target = (*place)->target();
  auto out = request_for(target);
  net::WebSocketTarget wanted;
  wanted.url = websocket_url(target.spec().url, out.target);
  wanted.public_addresses_only = target.reach() == Reach::public_only;
  for (auto& [name, value] : out.headers.all()) {
    auto lower = to_lower(name);
    // The handshake's own are made anew; extensions are not spoken.
    bool own = lower.starts_with("sec-websocket-") && lower != "sec-websocket-protocol";
    if (!own && lower != "traceparent") wanted.headers.add(name, value);
  }
  auto opening = net::open_websocket(ctx_, parts_.clock, std::move(wanted));
  auto opened = co_await std::move(opening);
  if (!opened) {
    (*place)->failed();
    log::warn("gateway.websocket_not_opened",
              {{"route", route_->address()},
               {"target", target.spec().url},
               {"code", to_string(opened.error().code)},
               {"reason", opened.error().detail}},
              ctx_);
    refuse(refusal_of(opened.error(), overdue()));
    co_return admission;
  }
  (*place)->succeeded();
  route_->count(200);
  admission.protocol = opened->protocol;
  std::shared_ptr<net::WebSocket> upward = std::move(opened->socket);
  std::shared_ptr<Target::Place> held = std::move(*place);
  admission.handler = [&clock = parts_.clock, upward, held](
                          net::HttpRequest,
                          std::unique_ptr<net::WebSocket> client) -> asio::awaitable<void> {
    auto carrying = relay(clock, *client, *upward);
    co_await std::move(carrying);
  };
  co_return admission;
}

}  // namespace parley::gateway
