#pragma once
#include <memory>
#include <string>

#include "parley/net/websocket.hpp"

namespace parley::net {

struct OutgoingRequest {
  Method method = Method::get;
  std::string url;
  Headers headers;
  std::string body;
  Duration timeout = std::chrono::seconds(30);  ///< the whole exchange; ctx.deadline may be sooner
  std::size_t max_response_bytes = 16u << 20;
  /// What is longer is too_large, or given with just its beginning, the connection being closed.
  enum class LongResponse { refuse, cut } long_response = LongResponse::refuse;
  bool follow_redirects = false;
  /// The URL comes from a user: refuse loopback, private, link-local and metadata addresses, also
  /// after redirects and at connect time (DNS answers may change).
  bool public_addresses_only = false;
};

/// Outgoing HTTP on libcurl's multi interface, driven by one io_context. Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Any HTTP status is a result. Errors: timeout (nothing was sent), outcome_unknown (a request
  /// other than GET/HEAD may have arrived), unavailable (refused, unresolved, reset before
  /// anything was sent), forbidden (a non-public address), too_large, invalid (url).
  virtual Task<HttpResponse> send(Context ctx, OutgoingRequest request) = 0;
};

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor);

struct WebSocketTarget {
  std::string url;  ///< ws:// or wss://
  Headers headers;
  WebSocketLimits limits;
  bool public_addresses_only = false;  ///< as in OutgoingRequest
};
/// Errors: unavailable, timeout, rate_limited (the handshake was answered with 429; with what it
/// says of Retry-After), forbidden (with another 4xx; its status is in the detail; or the address
/// is not a public one), invalid (url).
Task<std::unique_ptr<WebSocket>> connect_websocket(Context ctx, Clock& clock,
                                                   WebSocketTarget target);

struct OpenedWebSocket {
  std::unique_ptr<WebSocket> socket;
  std::string protocol;  ///< the subprotocol the server chose; empty: none
};
/// The same, telling the subprotocol.
Task<OpenedWebSocket> open_websocket(Context ctx, Clock& clock, WebSocketTarget target);

}  // namespace parley::net
