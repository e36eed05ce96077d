#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/task_group.hpp"

namespace parley::simulators {

/// Closes so that the peer sees a failure.
void reset(asio::ip::tcp::socket& socket);

/// What stand-ins that speak no HTTP listen with: each connection is served by a coroutine of its
/// own, at most so many at a time; more are reset. Used from one strand, on which `executor` runs.
class TcpListener {
 public:
  using Serve = std::function<asio::awaitable<void>(asio::ip::tcp::socket client)>;

  /// `executor` and `clock` outlive it. `name` is for logs.
  TcpListener(asio::any_io_executor executor, Clock& clock, std::string name,
              std::size_t most_connections);

  /// Port 0 is a free one. Errors: invalid (no IP address), unavailable (in use).
  Result<void> start(const std::string& address, std::uint16_t port, Serve serve);
  /// Ends what is served. Idempotent; safe before start.
  asio::awaitable<void> stop();
  std::uint16_t port() const noexcept { return port_; }

  std::size_t accepted() const noexcept { return accepted_; }
  std::size_t open() const noexcept { return open_; }

 private:
  using Socket = asio::ip::tcp::socket;
  asio::awaitable<void> accept();
  asio::awaitable<void> hold(std::shared_ptr<Socket> client);

  Clock& clock_;
  const std::string name_;
  const std::size_t most_connections_;
  Serve serve_;
  asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::size_t accepted_ = 0;
  std::size_t open_ = 0;
  TaskGroup tasks_;
};

}  // namespace parley::simulators
