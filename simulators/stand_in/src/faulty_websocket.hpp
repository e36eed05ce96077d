#pragma once
#include <deque>

#include "parley/base/signal.hpp"
#include "parley/net/websocket.hpp"
#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

/// A socket whose sends break as a fault says. What is received comes as it is: a service that
/// fails hears all the same. Closing, repeating and trickling happen while somebody waits in
/// receive(). Used from one strand.
class FaultyWebSocket final : public net::WebSocket {
 public:
  FaultyWebSocket(std::unique_ptr<net::WebSocket> socket, Fault fault, Clock& clock)
      : socket_(std::move(socket)), fault_(std::move(fault)), clock_(clock) {}

  Task<net::WebSocketMessage> receive() override;
  Result<void> send(net::WebSocketMessage message, Priority priority) override;
  std::size_t drop_queued() override { return socket_->drop_queued(); }
  std::size_t queued_bytes() const noexcept override { return socket_->queued_bytes(); }
  asio::awaitable<void> close(int code, std::string reason) override;

 private:
  bool is_due() const noexcept;
  Result<void> broken(net::WebSocketMessage message, Priority priority);
  asio::awaitable<void> fetch();
  TimePoint say_more();

  std::unique_ptr<net::WebSocket> socket_;
  const Fault fault_;
  Clock& clock_;
  Signal changed_;
  std::deque<Result<net::WebSocketMessage>> received_;
  std::deque<net::WebSocketMessage> trickling_;  ///< slow: not sent yet
  TimePoint next_drop_{};
  std::optional<net::WebSocketMessage> repeated_;  ///< endless
  std::size_t sent_ = 0;
  bool silent_ = false;     ///< nothing more is said
  bool close_due_ = false;  ///< with the fault's code
};

}  // namespace parley::simulators
