#pragma once
#include <memory>
#include <string>

#include "parley/net/http.hpp"

namespace parley::net {

struct WebSocketMessage {
  bool binary = false;
  std::string payload;
};

/// A message where it lies: good until its taker returns.
struct MessageView {
  bool binary = false;
  std::string_view payload;
};
/// Takes the next message; false: wants no more. May throw, which ends receive_all() with it.
using MessageTaker = std::function<bool(MessageView)>;

/// One open WebSocket, server or client side, used from one strand. Pings are answered inside.
class WebSocket {
 public:
  enum class Priority { normal, urgent };

  virtual ~WebSocket() = default;
  /// Errors: end_of_stream after an orderly close, unavailable when the connection broke, timeout
  /// when nothing (not even a pong) came for the idle time, or no message for the message
  /// time, too_large.
  virtual Task<WebSocketMessage> receive() = 0;
  /// Gives each message to `taker` as it comes, until that wants no more; for streams: no coroutine
  /// is resumed, nothing copied and nothing asked of the heap for a message. Errors: as receive().
  virtual Task<void> receive_all(MessageTaker taker);
  /// Queues and returns at once. Urgent messages overtake the normal ones not yet on the wire.
  /// Errors: rate_limited when the queue holds its bound (the message is not queued),
  /// end_of_stream after close.
  virtual Result<void> send(WebSocketMessage message, Priority priority = Priority::normal) = 0;
  /// Drops normal messages not yet on the wire; returns how many.
  virtual std::size_t drop_queued() = 0;
  virtual std::size_t queued_bytes() const noexcept = 0;
  /// Sends what is queued, then the close frame; waits for the peer at most 2 s.
  virtual asio::awaitable<void> close(int code, std::string reason) = 0;
  /// For stand-ins of services that break: what is queued is sent, then half of the frame of
  /// `message`, and the connection ends. Others ignore it.
  virtual void break_within(WebSocketMessage message) { (void)message; }
};

struct WebSocketLimits {
  std::size_t max_message_bytes = 1 << 20;
  std::size_t max_queued_bytes = 1 << 20;
  Duration idle_timeout = std::chrono::seconds(60);
  /// A receive() that waits this long for a message, pongs or not, ends with timeout; zero: it may
  /// wait. For peers that are never silent: it costs nothing a message, as a deadline of the
  /// caller's own would.
  Duration message_timeout{};
};

/// The handshake was accepted; the socket lives until the coroutine returns.
using WebSocketHandler =
    std::function<asio::awaitable<void>(HttpRequest upgrade, std::unique_ptr<WebSocket> socket)>;

/// What a gate says of a handshake: a refusal, or who takes the socket and the subprotocol to
/// answer with.
struct WebSocketAdmission {
  std::optional<HttpResponse> refused;
  WebSocketHandler handler;
  std::string protocol;
};
/// Decides before the handshake is answered.
using WebSocketGate = std::function<asio::awaitable<WebSocketAdmission>(HttpRequest upgrade)>;

/// Whether sockets that give all their messages (receive_all(), without TLS) are read and written
/// together through io_uring(7), where the kernel has what that takes (Linux 6.1); else each for
/// itself. For the process, from the next socket on; true at first.
void use_io_uring(bool allowed) noexcept;

}  // namespace parley::net
