#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "parley/net/router.hpp"

namespace parley::net {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;          ///< 0 takes a free one: see HttpServer::port()
  std::filesystem::path certificate;  ///< PEM chain; empty: plain HTTP
  std::filesystem::path private_key;
  std::size_t max_head_bytes = 16u << 10;
  std::size_t max_connections = 10'000;  ///< per server; past it: 503 and close
  Duration head_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(30);
  Duration keep_alive_timeout = std::chrono::seconds(60);
  Duration write_timeout = std::chrono::seconds(30);
};

/// How the server words its own refusals (404, 405, 413, 431, 503...): the API makes its JSON
/// envelope of them.
using ErrorPage = std::function<HttpResponse(int status, std::string_view message,
                                             const std::string& request_id)>;

/// HTTP/1.1 and WebSocket on one port: keep-alive, gzip for compressible bodies over 1 KB when the
/// client asks, HEAD answered from GET, Expect: 100-continue. One acceptor per io_context with
/// SO_REUSEPORT; a connection stays on the io_context that accepted it.
class HttpServer {
 public:
  HttpServer(std::vector<asio::any_io_executor> executors, const Router& router, Clock& clock,
             Random& random, ServerOptions options, ErrorPage error_page = {});
  ~HttpServer();
  /// Binds and begins to accept. Errors: unavailable (address in use, certificate unreadable).
  Result<void> start();
  std::uint16_t port() const noexcept;
  std::size_t connections() const noexcept;
  /// Stops accepting, lets running requests and WebSockets end until `drain_deadline` (new requests
  /// on kept connections get Connection: close), then cuts. Idempotent; safe before start.
  asio::awaitable<void> stop(TimePoint drain_deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::net
