#pragma once
#include <liburing.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace parley::net {

namespace asio = boost::asio;

/// The bytes of many sockets of one loop, without a system call for each message: what came to all
/// of them is taken with one, and what goes to all of them is given with one (io_uring(7)). While
/// much comes, it looks every few milliseconds: most of what a message costs the kernel is saved
/// when messages are taken together. One for each io_context, on its thread.
class Ring final : public asio::execution_context::service {
 public:
  /// One socket's owner.
  class Peer {
   public:
    /// Nothing of `bytes` outlives the call.
    virtual void on_received(std::span<char> bytes) noexcept = 0;
    /// The last call for a Receiving: the peer ended (eof), it failed, or stop() was said.
    virtual void on_receive_ended(const boost::system::error_code& why) noexcept = 0;
    virtual void on_sent(const boost::system::error_code& failed) noexcept = 0;

   protected:
    ~Peer() = default;
  };
  struct Receiving;

  /// While the kernel offers what is needed (Linux 6.1, and nobody forbade it), and only on the
  /// thread on which it was first asked for; null otherwise.
  static Ring* of(asio::io_context& loop);

  /// Tells `peer` of all that comes, until on_receive_ended() or forget().
  Receiving* receive(int descriptor, Peer& peer);
  /// Ends it soon; what came until then is told before on_receive_ended().
  void stop(Receiving& receiving);
  /// Tells nothing more: what comes meanwhile is lost. To be called before the descriptor is
  /// closed, whose number may be given to another socket at once.
  void forget(Receiving& receiving) noexcept;
  /// All of `bytes`, then tells `peer`. One at a time for a socket, whose owner shuts it down when
  /// it does not want to wait for the end.
  void send(int descriptor, std::string_view bytes, std::shared_ptr<Peer> peer);
  /// What was asked for is with the kernel, which knows the sockets themselves from then on.
  void flush() noexcept;

  /// Asio makes it: see of().
  explicit Ring(asio::execution_context& context);
  ~Ring() override;
  static inline asio::execution_context::id id;

 private:
  struct Sending;
  void shutdown() noexcept override;
  bool open();
  bool make_room();
  void close() noexcept;
  io_uring_sqe* entry();
  void arm(Receiving& receiving);
  void cancel(Receiving& receiving);
  void look_soon();
  void wait();
  void look();
  bool has_more() const noexcept;
  std::size_t take_completions();
  void complete(std::uint64_t whose, int result, unsigned flags);
  void received(Receiving& receiving, int result, unsigned flags);
  void sent(Sending& sending, int result);
  void give_back(unsigned buffer);

  asio::io_context& loop_;
  std::thread::id thread_;
  bool is_open_ = false;
  io_uring ring_{};
  io_uring_buf_ring* free_buffers_ = nullptr;
  std::unique_ptr<char[]> buffers_;
  std::list<Receiving> receiving_;
  std::list<Sending> sending_;
  std::list<Sending> idle_sendings_;  ///< kept with their room
  std::optional<asio::posix::stream_descriptor> news_;
  std::optional<asio::steady_timer> pause_;
  bool looks_ = false;  ///< a look is posted
  bool is_looking_ = false;
  bool awaits_news_ = false;  ///< of a first completion
  bool pauses_ = false;
  bool busy_ = false;  ///< looks by the clock, not at news
};

}  // namespace parley::net
