#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parley/net/websocket.hpp"

namespace parley::net {

/// Maps method and path to a handler. Patterns are "/calls/{id}/timeline"; a literal segment wins
/// over a {name}, and a last segment {name...} takes the rest of the path. Built once at start,
/// then read from every thread.
class Router {
 public:
  struct Limits {
    std::size_t max_body_bytes = 10u << 20;
    /// A body longer than this, or of unknown length, is not read before the handler runs: it gets
    /// HttpRequest::body_stream. Empty: never.
    std::optional<std::size_t> stream_above_bytes;
  };
  void add(Method method, std::string pattern, HttpHandler handler, Limits limits = {10u << 20});
  void add_websocket(std::string pattern, WebSocketHandler handler, WebSocketLimits limits = {});

  /// The same, decided before the handshake is answered.
  void add_websocket_gate(std::string pattern, WebSocketGate gate, WebSocketLimits limits = {});

  /// For paths that no pattern covers: whoever knows more of them than the routes do, such as a
  /// gateway. A path that exists with another method stays 405.
  void otherwise(HttpHandler handler, Limits limits = {10u << 20});
  void otherwise_websocket(WebSocketGate gate, WebSocketLimits limits = {});

  struct HttpMatch {
    const HttpHandler* handler;
    Limits limits;
    std::map<std::string, std::string, std::less<>> path_values;
  };
  struct WebSocketMatch {
    const WebSocketHandler* handler;  ///< null: the gate names it
    const WebSocketGate* gate;        ///< null: every handshake is accepted
    WebSocketLimits limits;
    std::map<std::string, std::string, std::less<>> path_values;
  };
  struct WrongMethod {
    std::string allow;  ///< the Allow header: "GET, HEAD, POST"
  };
  struct NoRoute {};
  std::variant<HttpMatch, WrongMethod, NoRoute> match(Method method, std::string_view path) const;
  std::optional<WebSocketMatch> match_websocket(std::string_view path) const;

  /// Whether it is what answers for paths that no pattern covers.
  bool is_otherwise(const HttpMatch& match) const noexcept;

  struct GateMatch {
    const WebSocketGate* gate;
    WebSocketLimits limits;
  };
  /// For handshakes on paths that no pattern covers in any way.
  std::optional<GateMatch> match_gate(std::string_view path) const;

  Router();
  ~Router();

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  struct Otherwise;
  std::unique_ptr<Otherwise> otherwise_;
};

}  // namespace parley::net
