#pragma once
#include <deque>

#include "parley/base/json.hpp"
#include "parley/base/signal.hpp"
#include "parley/net/websocket.hpp"

namespace parley::simulators {

/// What a stand-in says over a WebSocket: in order, each message when its time has come. Bounded at
/// 20,000 messages; more are dropped. Used from one strand; both outlive it.
class Outbox {
 public:
  Outbox(Clock& clock, net::WebSocket& socket) : clock_(clock), socket_(socket) {}

  void say(json::value message, Duration delay = {});
  void say_bytes(std::string bytes, Duration delay = {});
  /// After what is waiting.
  void close(int code, std::string reason);
  /// Forgets what is waiting.
  void clear() { waiting_.clear(); }
  /// Sends, until it has closed.
  asio::awaitable<void> run();

 private:
  struct Waiting {
    TimePoint when{};
    net::WebSocketMessage message;
  };
  void push(Waiting one);

  Clock& clock_;
  net::WebSocket& socket_;
  Signal changed_;
  std::deque<Waiting> waiting_;
  std::optional<std::pair<int, std::string>> closing_;
};

}  // namespace parley::simulators
