#pragma once
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "input_buffer.hpp"
#include "parley/base/fifo.hpp"
#include "parley/base/random.hpp"
#include "readiness.hpp"
#include "ring.hpp"
#include "stream.hpp"
#include "websocket_frames.hpp"

namespace parley::net {

/// One open WebSocket, either side. Everything happens on `executor` (a strand). Kept alive by
/// whoever holds it and by its own pending write.
///
/// Writing: messages wait in three queues (control, urgent, normal). A write takes as many of them
/// as fit a batch, so that what was sent in one turn of the loop leaves in one system call, and
/// what becomes urgent meanwhile waits for at most one batch.
class WebSocketCore final : public std::enable_shared_from_this<WebSocketCore>,
                            private Readiness::Reader,
                            private Ring::Peer {
 public:
  struct Parts {
    std::unique_ptr<Stream> stream;
    InputBuffer already_read;  ///< what came behind the handshake
    FrameReader::Side side = FrameReader::Side::server;
    WebSocketLimits limits;
  };
  WebSocketCore(asio::any_io_executor executor, Clock& clock, Parts parts);
  ~WebSocketCore();

  Task<WebSocketMessage> receive();
  Task<void> receive_all(MessageTaker taker);
  Result<void> send(WebSocketMessage message, WebSocket::Priority priority);
  std::size_t drop_queued();
  std::size_t queued_bytes() const noexcept { return queued_bytes_ + rest_.size() + sending_; }
  asio::awaitable<void> close(int code, std::string reason);
  void break_within(WebSocketMessage message);
  /// Ends everything at once; a waiting receive() returns.
  void abort() noexcept;

  /// Looks at the time: pings a quiet peer, gives up on one that does not answer or does not take
  /// what is written. Returns when to look again.
  TimePoint tick(TimePoint now);
  /// The result of receive() if it is known without waiting.
  std::optional<Result<WebSocketMessage>> poll();

 private:
  struct Reading;
  std::unexpected<Error> ended() const;
  std::optional<MessageView> next_message(std::span<char>& bytes);
  std::optional<MessageView> on_event(FrameEvent event);
  Task<WebSocketMessage> read_message();
  asio::awaitable<bool> read_more();
  void on_readable(bool ended) noexcept override;
  void on_received(std::span<char> bytes) noexcept override;
  void on_receive_ended(const error_code& why) noexcept override;
  void on_sent(const error_code& failed) noexcept override;
  void begin_receiving(asio::io_context& loop);
  void stop_watching() noexcept;
  bool has_all() const noexcept { return dead_ || end_ || thrown_ || !wants_more_; }
  std::span<char> give(std::span<char> bytes) noexcept;
  void note_heard() noexcept;
  asio::awaitable<void> await_peer_close();
  void start_closing(std::string close_payload);
  void break_off(Error why) noexcept;

  std::optional<MaskKey> next_mask();
  void schedule_write();
  void write_batch();
  void fill_batch(std::string& batch);
  void on_written(const error_code& ec);
  void notify() noexcept;

  asio::any_io_executor executor_;
  Clock& clock_;
  std::unique_ptr<Stream> stream_;
  InputBuffer in_;
  FrameReader::Side side_;
  WebSocketLimits limits_;
  FrameReader reader_;
  asio::steady_timer changed_;  ///< never fires: cancelled to wake who waits

  Fifo<WebSocketMessage> urgent_;
  Fifo<WebSocketMessage> normal_;
  std::size_t queued_bytes_ = 0;
  std::optional<std::string> pong_;  ///< the newest ping is the one to answer
  bool ping_due_ = false;
  std::optional<std::string> close_frame_;
  std::optional<WebSocketMessage> broken_;  ///< half of it goes last
  std::string rest_;  ///< of what is being written: what the connection did not take at once
  bool write_scheduled_ = false;
  bool writes_after_ = false;  ///< on_received() writes before it returns
  bool writing_ = false;
  TimePoint write_began_{};

  bool reading_ = false;
  // While all messages are given: one of the two.
  std::optional<Readiness::Watch> watch_;
  Ring::Receiving* receiving_ = nullptr;
  Ring* ring_ = nullptr;
  int descriptor_ = -1;      ///< the ring's
  std::size_t sending_ = 0;  ///< bytes that the ring has
  MessageTaker taker_;
  bool wants_more_ = false;
  std::exception_ptr thrown_;  ///< by the taker
  TimePoint last_heard_{};
  TimePoint reading_since_{};
  TimePoint pinged_at_{};  ///< before last_heard_: the silence since then has not been asked about
  bool closing_ = false;   ///< a close frame is queued or sent: nothing more may be sent
  bool close_sent_ = false;
  bool breaks_ = false;  ///< the connection ends with what is being written
  bool peer_closed_ = false;
  bool deaf_ = false;  ///< the peer broke the protocol: its bytes are discarded
  bool dead_ = false;
  std::optional<Error> end_;  ///< what receive() says from now on
};

/// The interface given to users of a socket. A server ticks its sockets; the others look at the
/// time by themselves while they receive.
enum class Timing { by_owner, by_itself };
std::unique_ptr<WebSocket> make_websocket(std::shared_ptr<WebSocketCore> core, Clock& clock,
                                          Timing timing);

}  // namespace parley::net
