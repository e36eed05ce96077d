#include "parley/simulators/tcp_listener.hpp"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley::simulators {

using asio::ip::tcp;
using boost::system::error_code;

void reset(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

TcpListener::TcpListener(asio::any_io_executor executor, Clock& clock, std::string name,
                         std::size_t most_connections)
    : clock_(clock),
      name_(std::move(name)),
      most_connections_(most_connections),
      acceptor_(executor),
      tasks_(executor) {}

Result<void> TcpListener::start(const std::string& address, std::uint16_t port, Serve serve) {
  error_code ec;
  auto ip = asio::ip::make_address(address, ec);
  if (ec) return fail(Errc::invalid, address + " is no IP address");
  tcp::endpoint where(ip, port);
  acceptor_.open(where.protocol(), ec);
  if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor_.bind(where, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) return fail(Errc::unavailable, fmt::format("{}:{}: {}", address, port, ec.message()));
  port_ = acceptor_.local_endpoint().port();
  serve_ = std::move(serve);
  tasks_.spawn(name_ + ".accept", [this] { return accept(); });
  return {};
}

asio::awaitable<void> TcpListener::accept() {
  while (acceptor_.is_open()) {
    error_code ec;
    auto client = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (ec == asio::error::operation_aborted) co_return;
    if (ec) {
      // Out of descriptors, as a rule: others have to end first.
      co_await clock_.sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    ++accepted_;
    if (open_ >= most_connections_) {
      reset(client);
      continue;
    }
    auto held = std::make_shared<Socket>(std::move(client));
    tasks_.spawn(name_ + ".connection", [this, held] { return hold(held); });
  }
}

asio::awaitable<void> TcpListener::hold(std::shared_ptr<Socket> client) {
  ++open_;
  auto one_less = [](std::size_t* count) { --*count; };
  std::unique_ptr<std::size_t, decltype(one_less)> counted(&open_, one_less);
  auto serving = serve_(std::move(*client));
  co_await std::move(serving);
}

asio::awaitable<void> TcpListener::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  co_await tasks_.stop();
}

}  // namespace parley::simulators
