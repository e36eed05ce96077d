#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "parley/base/random.hpp"
#include "parley/net/server.hpp"
#include "parley/telemetry/metrics.hpp"
#include "request_reader.hpp"
#include "response_head.hpp"
#include "websocket_core.hpp"

namespace parley::net {

struct ServerMetrics {
  ServerMetrics();
  std::array<metrics::Counter, 4> requests;  ///< by class: 2xx, 3xx, 4xx, 5xx
  metrics::Gauge connections;
  metrics::Gauge websockets;
  metrics::Counter turned_away;
};

/// What every connection of a server shares. Outlives them.
struct ServerShared {
  const Router& router;
  Clock& clock;
  Random& random;
  ServerOptions options;
  ErrorPage error_page;
  std::unique_ptr<asio::ssl::context> tls;  ///< empty: plain
  std::atomic<bool> draining{false};
  ServerMetrics metrics{};
};

/// One accepted connection from its first byte to its last: reads requests, calls handlers, writes
/// answers, or becomes a WebSocket. Runs on one strand; due(), expire() and drain() may be called
/// from any thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerShared> shared, Stream::Socket socket);

  /// To be told the strand before run(), so that expire() and drain() can reach it.
  void bind(asio::any_io_executor strand) { strand_ = std::move(strand); }
  asio::awaitable<void> run();
  /// Says 503 and closes: one connection too many.
  asio::awaitable<void> turn_away();

  /// When the current step must be over; the server's timekeeper calls expire() then. One
  /// timekeeper for all connections costs less than a timer for each read.
  TimePoint due() const noexcept { return TimePoint(Duration(due_.load())); }
  void expire();
  void drain();

 private:
  enum class Phase { handshake, idle, head, body, handler, writing, websocket, ending };
  /// What becomes of the connection: `close` says goodbye first, `drop` has nobody to say it to,
  /// `talk` has become a WebSocket.
  enum class After { keep, close, drop, talk };
  /// A request that was answered with 101. It lies here and not in the steps that answered it, so
  /// that their memory is free again while the socket lives, which may be long.
  struct Upgrade {
    HttpRequest request;
    WebSocketHandler handler;
  };

  /// Until the last request; `drop` also when there was none.
  asio::awaitable<After> serve_requests();
  asio::awaitable<bool> shake_hands();
  asio::awaitable<bool> read_head();
  asio::awaitable<bool> read_body();
  Task<std::string> next_body_piece();
  asio::awaitable<bool> read_more();
  asio::awaitable<After> serve_request();
  asio::awaitable<After> serve_http(HttpRequest request, Router::HttpMatch match);
  asio::awaitable<After> serve_websocket(HttpRequest request, Router::WebSocketMatch match);
  asio::awaitable<After> serve_gate(HttpRequest request, Router::GateMatch match);
  asio::awaitable<WebSocketAdmission> admit(const WebSocketGate& gate, HttpRequest request);
  asio::awaitable<After> open_websocket(Upgrade upgrade, WebSocketLimits limits,
                                        std::string protocol);
  asio::awaitable<HttpResponse> call(const HttpHandler& handler, HttpRequest request);
  asio::awaitable<After> refuse(Refusal refusal, Headers headers = {});
  asio::awaitable<After> respond(HttpResponse response);
  asio::awaitable<bool> write_body(std::string head, std::string_view body);
  asio::awaitable<bool> write_stream(std::string head, BodyStream stream);
  asio::awaitable<bool> write_sized(std::string head, HttpResponse response);
  void stream_failed(std::string_view what);
  asio::awaitable<bool> write(std::string_view bytes);
  asio::awaitable<void> compress(HttpResponse& response);
  asio::awaitable<Result<std::string>> next_piece(const BodyStream& stream);
  asio::awaitable<void> say_goodbye();
  asio::awaitable<void> run_websocket(std::unique_ptr<Upgrade> upgrade);
  Result<HttpRequest> make_request();
  std::string request_id_for(const Headers& headers);
  HttpResponse error_page(const Refusal& refusal) const;
  std::string allowed_methods(std::string_view path) const;
  void enter(Phase phase, Duration limit);
  void enter(Phase phase);

  std::shared_ptr<ServerShared> shared_;
  std::unique_ptr<Stream> stream_;
  asio::any_io_executor strand_;
  InputBuffer in_;
  RequestReader reader_;
  std::optional<Refusal> refused_;
  std::string remote_ip_;
  std::unique_ptr<Upgrade> upgrade_;
  std::shared_ptr<WebSocketCore> websocket_;

  Phase phase_ = Phase::handshake;
  bool expired_ = false;
  bool continued_ = false;  ///< 100 Continue was said, or was not asked for
  Duration body_waited_{};  ///< for pieces of a streamed request body
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool http_1_0_ = false;
  bool first_ = true;
  std::string request_id_;
  std::string accept_encoding_;
  std::atomic<Duration::rep> due_{Duration::max().count()};
};

}  // namespace parley::net
