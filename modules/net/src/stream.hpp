#pragma once
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>

#include "parley/base/task.hpp"

namespace parley::net {

using boost::system::error_code;

/// A TCP connection, with TLS or without: the one type that connections and WebSockets read from
/// and write to, so that their code exists once. Used from one strand; at most one read and one
/// write at a time.
class Stream {
 public:
  using Socket = asio::ip::tcp::socket;

  explicit Stream(Socket socket) : socket_(std::move(socket)) {}
  Stream(Socket socket, asio::ssl::context& context) : socket_(std::move(socket)) {
    tls_.emplace(socket_, context);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  ~Stream() { return_to_loop(); }

  bool is_tls() const noexcept { return tls_.has_value(); }
  Socket& socket() noexcept {
    return_to_loop();
    return socket_;
  }
  SSL* native_tls() { return tls_->native_handle(); }

  void verify_host(const std::string& host) {
    error_code ec;
    tls_->set_verify_callback(asio::ssl::host_name_verification(host), ec);
  }

  // The buffers and `ec` must outlive the awaited operation; failures are in `ec`.
  asio::awaitable<void> handshake(asio::ssl::stream_base::handshake_type type, error_code& ec) {
    return tls_->async_handshake(type, asio::redirect_error(asio::use_awaitable, ec));
  }
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& ec) {
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    return tls_ ? tls_->async_read_some(into, token) : socket().async_read_some(into, token);
  }
  /// The same for a peer of whom something is rarely there already: waits first, where read_some()
  /// asks the kernel first and then waits, which is a system call more for each message.
  asio::awaitable<std::size_t> read_when_there(asio::mutable_buffer into, error_code& ec) {
    if (tls_) co_return co_await read_some(into, ec);
    while (true) {
      co_await socket().async_wait(Socket::wait_read,
                                   asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return 0;
      auto count = read_now(into, ec);
      if (ec != asio::error::would_block) co_return count;
    }
  }
  /// What is there, without waiting; would_block when nothing is, eof at the end. Not with TLS.
  std::size_t read_now(asio::mutable_buffer into, error_code& ec) noexcept {
    auto count = ::recv(descriptor(), into.data(), into.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
      ec = asio::error::would_block;
    else if (count < 0)
      ec = {errno, boost::system::system_category()};
    else if (count == 0)
      ec = asio::error::eof;
    else
      ec = {};
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  /// What the connection takes at once, without waiting; 0 with TLS and after a failure, which
  /// start_write() will meet again.
  std::size_t write_now(asio::const_buffer from) noexcept {
    if (tls_) return 0;
    auto count = ::send(descriptor(), from.data(), from.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  }
  /// The descriptor, for who watches it: Asio's loop, which would be woken by each message too, is
  /// told of it no more. read_now() and write_now() leave it so, anything else takes it back. Not
  /// with TLS, nor while an operation waits.
  int leave_loop() {
    error_code ec;
    auto protocol = socket().local_endpoint(ec).protocol();
    if (ec) return socket_.native_handle();
    auto left = socket_.release(ec);
    if (ec) return socket_.native_handle();
    protocol_ = protocol;
    return outside_ = left;
  }
  template <class Buffers>
  asio::awaitable<std::size_t> write(Buffers from, error_code& ec) {
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    return tls_ ? asio::async_write(*tls_, from, token) : asio::async_write(socket(), from, token);
  }
  /// Calls handler(error_code, size).
  template <class Handler>
  void start_write(asio::const_buffer from, Handler handler) {
    if (tls_)
      asio::async_write(*tls_, from, std::move(handler));
    else
      asio::async_write(socket(), from, std::move(handler));
  }

  /// TLS's own goodbye: without it a client cannot tell the end from a cut.
  asio::awaitable<void> shutdown_tls(error_code& ec) {
    return tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
  }
  /// Tells the peer that nothing more will come.
  void shutdown_send() noexcept {
    error_code ec;
    socket().shutdown(Socket::shutdown_send, ec);
  }
  /// Ends the pending read and write with operation_aborted; a plain connection stays usable.
  void cancel() noexcept {
    error_code ec;
    socket().cancel(ec);
  }
  /// Closes so that the peer sees a failure, not an end. What was not sent yet may be lost.
  void reset() noexcept {
    error_code ec;
    socket().set_option(asio::socket_base::linger(true, 0), ec);
    socket_.close(ec);
  }
  void close() noexcept {
    error_code ec;
    socket().close(ec);
  }

 private:
  int descriptor() { return outside_ < 0 ? socket_.native_handle() : outside_; }
  void return_to_loop() noexcept {
    if (outside_ < 0) return;
    error_code ec;
    socket_.assign(*protocol_, outside_, ec);
    if (ec) ::close(outside_);  // the loop takes no more: the connection ends
    outside_ = -1;
  }

  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
  std::optional<Socket::protocol_type> protocol_;
  int outside_ = -1;  ///< the descriptor while the loop does not have it
};

}  // namespace parley::net
