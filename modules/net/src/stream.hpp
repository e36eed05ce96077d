#pragma once
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

  bool is_tls() const noexcept { return tls_.has_value(); }
  Socket& socket() noexcept { return socket_; }
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
    return tls_ ? tls_->async_read_some(into, token) : socket_.async_read_some(into, token);
  }
  /// The same for a peer of whom something is rarely there already: waits first, where read_some()
  /// asks the kernel first and then waits, which is a system call more for each message.
  asio::awaitable<std::size_t> read_when_there(asio::mutable_buffer into, error_code& ec) {
    if (tls_) co_return co_await read_some(into, ec);
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
    while (true) {
      co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return 0;
      auto count = socket_.read_some(into, ec);
      if (ec != asio::error::would_block && ec != asio::error::try_again) co_return count;
    }
  }
  /// What is there, without waiting; would_block when nothing is. Not with TLS.
  std::size_t read_now(asio::mutable_buffer into, error_code& ec) noexcept {
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
    return socket_.read_some(into, ec);
  }
  /// What the connection takes at once, without waiting; 0 with TLS and after a failure, which
  /// start_write() will meet again.
  std::size_t write_now(asio::const_buffer from) noexcept {
    error_code ec;
    if (tls_) return 0;
    if (!socket_.non_blocking()) socket_.non_blocking(true, ec);
    auto count = socket_.write_some(from, ec);
    return ec ? 0 : count;
  }
  template <class Buffers>
  asio::awaitable<std::size_t> write(Buffers from, error_code& ec) {
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    return tls_ ? asio::async_write(*tls_, from, token) : asio::async_write(socket_, from, token);
  }
  /// Calls handler(error_code, size).
  template <class Handler>
  void start_write(asio::const_buffer from, Handler handler) {
    if (tls_)
      asio::async_write(*tls_, from, std::move(handler));
    else
      asio::async_write(socket_, from, std::move(handler));
  }

  /// TLS's own goodbye: without it a client cannot tell the end from a cut.
  asio::awaitable<void> shutdown_tls(error_code& ec) {
    return tls_->async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
  }
  /// Tells the peer that nothing more will come.
  void shutdown_send() noexcept {
    error_code ec;
    socket_.shutdown(Socket::shutdown_send, ec);
  }
  /// Ends the pending read and write with operation_aborted; a plain connection stays usable.
  void cancel() noexcept {
    error_code ec;
    socket_.cancel(ec);
  }
  /// Closes so that the peer sees a failure, not an end. What was not sent yet may be lost.
  void reset() noexcept {
    error_code ec;
    socket_.set_option(asio::socket_base::linger(true, 0), ec);
    socket_.close(ec);
  }
  void close() noexcept {
    error_code ec;
    socket_.close(ec);
  }

 private:
  Socket socket_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
};

}  // namespace parley::net
