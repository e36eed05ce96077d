#include "parley/providers/streaming/conversation.hpp"

#include "parley/base/race.hpp"

namespace parley::providers::streaming {

Result<void> Conversation::send(net::WebSocketMessage message) {
  auto sent = socket_->send(std::move(message), net::WebSocket::Priority::normal);
  last_sent_ = clock_.now();
  if (sent || sent.error().code == Errc::rate_limited) return sent;
  return fail(Errc::unavailable, sent.error().detail);
}

asio::awaitable<void> Conversation::fetch() {
  auto receiving = socket_->receive();
  auto message = co_await std::move(receiving);
  if (!message) message = fail(Errc::unavailable, message.error().detail);
  received_.push_back(std::move(message));
}

asio::awaitable<std::optional<Result<net::WebSocketMessage>>> Conversation::receive(
    TimePoint until) {
  if (received_.empty()) {
    auto fetching = fetch();
    auto waiting = changed_.wait_until(clock_, until);
    co_await race(std::move(fetching), std::move(waiting));
  }
  if (received_.empty()) co_return std::nullopt;
  auto message = std::move(received_.front());
  received_.pop_front();
  co_return message;
}

asio::awaitable<void> Conversation::close() { co_await socket_->close(1000, ""); }

}  // namespace parley::providers::streaming
