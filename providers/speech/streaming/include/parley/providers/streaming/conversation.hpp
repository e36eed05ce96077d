#pragma once
#include <deque>
#include <optional>

#include "parley/base/signal.hpp"
#include "parley/net/websocket.hpp"

namespace parley::providers::streaming {

/// A vendor's WebSocket that is waited for with other things at the same time: nothing that comes
/// is lost when a wait ends early. Used from one strand; dropping it drops the connection.
class Conversation {
 public:
  Conversation(Clock& clock, std::unique_ptr<net::WebSocket> socket)
      : clock_(clock), socket_(std::move(socket)), last_sent_(clock.now()) {}

  /// Queues. Errors: rate_limited when the queue is full, unavailable when the connection ended.
  Result<void> send(net::WebSocketMessage message);
  TimePoint last_sent() const noexcept { return last_sent_; }
  /// The next message, or why there is none any more (always unavailable); nothing when `until` or
  /// wake() came first.
  asio::awaitable<std::optional<Result<net::WebSocketMessage>>> receive(TimePoint until);
  void wake() { changed_.notify(); }
  /// Orderly, within two seconds.
  asio::awaitable<void> close();

 private:
  asio::awaitable<void> fetch();

  Clock& clock_;
  std::unique_ptr<net::WebSocket> socket_;
  Signal changed_;
  std::deque<Result<net::WebSocketMessage>> received_;
  TimePoint last_sent_;
};

}  // namespace parley::providers::streaming
