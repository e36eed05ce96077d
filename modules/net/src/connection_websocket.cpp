#include <fmt/format.h>

#include "connection.hpp"
#include "handler_failure.hpp"
#include "parley/telemetry/log.hpp"
#include "websocket_handshake.hpp"

namespace parley::net {

asio::awaitable<Connection::After> Connection::serve_websocket(HttpRequest request,
                                                               Router::WebSocketMatch match) {
  if (auto refusal = check_websocket_request(request)) {
    Headers headers;
    headers.set("Sec-WebSocket-Version", "13");
    co_return co_await refuse(std::move(*refusal), std::move(headers));
  }
  request.path_values = std::move(match.path_values);
  if (match.gate) co_return co_await serve_gate(std::move(request), {match.gate, match.limits});
  Upgrade upgrade{std::move(request), *match.handler};
  co_return co_await open_websocket(std::move(upgrade), match.limits, "");
}

asio::awaitable<Connection::After> Connection::serve_gate(HttpRequest request,
                                                          Router::GateMatch match) {
  if (auto refusal = check_websocket_request(request)) co_return co_await refuse(*refusal);
  enter(Phase::handler);
  auto asked = request;
  auto deciding = admit(*match.gate, std::move(asked));
  auto admission = co_await std::move(deciding);
  if (admission.refused) co_return co_await respond(std::move(*admission.refused));
  Upgrade upgrade{std::move(request), std::move(admission.handler)};
  co_return co_await open_websocket(std::move(upgrade), match.limits,
                                    std::move(admission.protocol));
}

asio::awaitable<WebSocketAdmission> Connection::admit(const WebSocketGate& gate,
                                                      HttpRequest request) {
  std::string thrown;
  try {
    auto work = gate(std::move(request));
    co_return co_await std::move(work);
  } catch (...) {
    thrown = what_was_thrown();
  }
  co_await throw_if_cancelled();
  log::error("http.websocket_gate_threw", {{"requestId", request_id_}, {"what", thrown}});
  WebSocketAdmission refused;
  refused.refused = error_page({500, "something went wrong here"});
  co_return refused;
}

asio::awaitable<Connection::After> Connection::open_websocket(Upgrade upgrade,
                                                              WebSocketLimits limits,
                                                              std::string protocol) {
  auto accept = websocket_accept(upgrade.request.headers.get("Sec-WebSocket-Key").value_or(""));
  auto answer = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\nX-Request-Id: {}\r\n",
      accept, request_id_);
  if (!protocol.empty() && is_sound_field("Sec-WebSocket-Protocol", protocol))
    answer += fmt::format("Sec-WebSocket-Protocol: {}\r\n", protocol);
  answer += "\r\n";
  if (!co_await write(answer)) co_return After::drop;
  WebSocketCore::Parts parts{std::move(stream_), std::move(in_), FrameReader::Side::server, limits};
  websocket_ = std::make_shared<WebSocketCore>(strand_, shared_->clock, std::move(parts));
  phase_ = Phase::websocket;
  due_ = websocket_->tick(shared_->clock.now()).time_since_epoch().count();
  upgrade_ = std::make_unique<Upgrade>(std::move(upgrade));
  co_return After::talk;
}

asio::awaitable<void> Connection::run_websocket(std::unique_ptr<Upgrade> upgrade) {
  struct Open {
    metrics::Gauge open;
    explicit Open(metrics::Gauge gauge) : open(gauge) { open.add(); }
    ~Open() { open.subtract(); }
  } counted(shared_->metrics.websockets);
  auto socket = make_websocket(websocket_, shared_->clock, Timing::by_owner);
  std::string thrown;
  try {
    auto work = upgrade->handler(std::move(upgrade->request), std::move(socket));
    co_await std::move(work);
  } catch (...) {
    thrown = what_was_thrown();
  }
  co_await throw_if_cancelled();
  if (!thrown.empty())
    log::error("http.websocket_handler_threw", {{"requestId", request_id_}, {"what", thrown}});
  co_await websocket_->close(thrown.empty() ? 1000 : 1011, "");
}

}  // namespace parley::net
