#include "parley/providers/streaming/connecting.hpp"

namespace parley::providers::streaming {

namespace {
constexpr std::size_t most_queued_bytes = 256u << 10;
}

Task<std::unique_ptr<net::WebSocket>> connect(Context ctx, Clock& clock, resilience::Policy& policy,
                                              std::string operation, net::WebSocketTarget target) {
  target.limits.max_queued_bytes = most_queued_bytes;
  using Socket = std::unique_ptr<net::WebSocket>;
  auto call = [&clock, &target](Context limited) -> Task<Socket> {
    auto opening = net::connect_websocket(std::move(limited), clock, target);
    auto socket = co_await std::move(opening);
    // The handshake tells the two apart only in its words.
    if (!socket && socket.error().code == Errc::forbidden && socket.error().detail.contains("401"))
      co_return fail(Errc::unauthenticated, socket.error().detail);
    co_return socket;
  };
  resilience::Operation what{std::move(operation), resilience::Repeat::safe};
  auto running = policy.run(std::move(ctx), std::move(what), call);
  co_return co_await std::move(running);
}

}  // namespace parley::providers::streaming
