#pragma once
#include <atomic>
#include <memory>

#include "parley/base/json.hpp"
#include "parley/base/signal.hpp"
#include "parley/net/websocket.hpp"

namespace parley::webvoice {

/// Why a socket is closed, as codes of the range that is the application's own.
enum class CloseCode {
  normal = 1000,
  bad_message = 4400,
  bad_token = 4401,
  foreign_origin = 4403,
  no_session = 4404,
  silent = 4408,
  replaced = 4409,
  too_large = 4413,
  too_fast = 4429,
  unavailable = 4503
};

/// One socket of a browser. A session outlives its sockets, and a later one may live on another
/// core: so what the session sends is posted to the socket's strand. Its coroutine (the WebSocket's
/// handler) reads.
class Attachment : public std::enable_shared_from_this<Attachment> {
 public:
  using Priority = net::WebSocket::Priority;

  Attachment(asio::any_io_executor executor, std::unique_ptr<net::WebSocket> socket)
      : executor_(std::move(executor)), socket_(std::move(socket)) {}

  // From any thread.
  void send_event(const json::object& event, Priority priority);
  void send_audio(std::span<const std::byte> audio);
  /// Drops audio (and what was sent with normal priority) that is not on the wire yet.
  void drop_queued();
  /// Ends receive(); the reading coroutine then closes the socket so.
  void request_close(CloseCode code, std::string reason);
  /// The browser takes less than it is sent.
  bool backlogged() const noexcept { return waiting_bytes_.load() > most_waiting_bytes; }

  // On the socket's strand.
  /// Errors: the socket's; end_of_stream after request_close().
  Task<net::WebSocketMessage> receive();
  /// Closes as it was requested, or normally.
  asio::awaitable<void> close();

 private:
  static constexpr std::size_t most_waiting_bytes = 256u << 10;
  void send(net::WebSocketMessage message, Priority priority);

  asio::any_io_executor executor_;
  std::unique_ptr<net::WebSocket> socket_;
  std::atomic<std::size_t> waiting_bytes_ = 0;
  Signal closing_;
  struct Close {
    CloseCode code = CloseCode::normal;
    std::string reason;
  };
  std::optional<Close> close_;
};

}  // namespace parley::webvoice
