#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parley/net/router.hpp"
#include "parley/simulators/faults.hpp"

namespace parley::simulators {

/// A request that came, and what became of it.
struct SeenRequest {
  std::size_t number = 0;  ///< from 1
  WallTime at{};
  std::string method;
  std::string target;
  std::string body;   ///< its beginning
  int status = 0;     ///< of the answer that was sent; 0: none yet, or none at all
  std::string fault;  ///< the word of what went wrong; empty: nothing did
};

/// Where a stand-in listens.
struct StandInOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  std::uint64_t seed = 1;  ///< of its faults
};

/// The HTTP server of a stand-in: its routes, its plan of faults, and the last thousand requests
/// with the first 4 KB of each body. Thread-safe once started, but for its routes.
class StandInServer {
 public:
  /// An answer with the fault's status, in the vendor's words.
  using Refusal = std::function<net::HttpResponse(const Fault&, const net::HttpRequest&)>;

  /// `executor`, `clock` and `random` outlive it.
  StandInServer(asio::any_io_executor executor, Clock& clock, Random& random,
                StandInOptions options, Refusal refusal);
  ~StandInServer();
  StandInServer(const StandInServer&) = delete;
  StandInServer& operator=(const StandInServer&) = delete;

  /// Before start.
  void add(net::Method method, std::string pattern, net::HttpHandler handler,
           net::Router::Limits limits = {10u << 20});
  void otherwise(net::HttpHandler handler);
  /// A WebSocket whose handshake and messages break as the plan says. `admit` may refuse (a key
  /// that is not known), before the plan is asked; its protocol is left out.
  using Admit = std::function<std::optional<net::HttpResponse>(const net::HttpRequest&)>;
  void add_websocket(std::string pattern, net::WebSocketHandler handler, Admit admit = {},
                     net::WebSocketLimits limits = {});
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  Faults& faults() noexcept;
  std::vector<SeenRequest> seen() const;  ///< oldest first
  std::size_t requests() const;           ///< all that came

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
