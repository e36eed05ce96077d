#pragma once
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "parley/base/strings.hpp"
#include "parley/net/client.hpp"
#include "parley/net/server.hpp"

namespace parley::net::testing {

using asio::ip::tcp;

/// Runs a coroutine to its end on an io_context of its own.
template <class Start>
auto run(Start start) {
  asio::io_context io(1);
  auto result = asio::co_spawn(io, std::move(start), asio::use_future);
  io.run();
  return result.get();
}

/// A real server on a free port of the loopback, on its own threads.
class TestServer {
 public:
  explicit TestServer(const Router& router, ServerOptions options = {}, ErrorPage page = {},
                      std::size_t threads = 1)
      : TestServer(std::make_unique<SystemClock>(), router, options, page, threads) {}
  TestServer(std::unique_ptr<Clock> clock, const Router& router, ServerOptions options = {},
             ErrorPage page = {}, std::size_t threads = 1)
      : clock_(std::move(clock)) {
    std::vector<asio::any_io_executor> executors;
    for (std::size_t i = 0; i < threads; ++i) {
      loops_.push_back(std::make_unique<asio::io_context>(1));
      executors.push_back(loops_.back()->get_executor());
    }
    options.port = 0;
    server_ = std::make_unique<HttpServer>(executors, router, *clock_, random_, options, page);
    auto started = server_->start();
    if (!started) throw std::runtime_error(started.error().detail);
    for (auto& loop : loops_)
      threads_.emplace_back([io = loop.get(), guard = asio::make_work_guard(*loop)] { io->run(); });
  }
  ~TestServer() { stop(0ms); }

  void stop(Duration drain = 10s) {
    if (threads_.empty()) return;
    stopping(drain).get();
    for (auto& loop : loops_) loop->stop();
    threads_.clear();
  }
  std::future<void> stopping(Duration drain) {
    auto work = server_->stop(clock_->now() + drain);
    return asio::co_spawn(*loops_[0], std::move(work), asio::use_future);
  }
  HttpServer& server() { return *server_; }
  std::uint16_t port() const { return server_->port(); }
  std::string url(std::string_view path, std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }

 private:
  std::unique_ptr<Clock> clock_;
  SystemRandom random_;
  std::vector<std::unique_ptr<asio::io_context>> loops_;
  std::unique_ptr<HttpServer> server_;
  std::vector<std::jthread> threads_;
};

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;
  std::optional<std::string> field(std::string_view name) const {
    for (auto& line : split(head, '\n')) {
      auto colon = line.find(':');
      if (colon != std::string::npos && iequals(line.substr(0, colon), name))
        return std::string(trim(std::string_view(line).substr(colon + 1)));
    }
    return std::nullopt;
  }
};

/// A client that sends exactly the bytes it is told to. Every read gives up after 10 seconds, so
/// that a server that never answers fails the test instead of hanging it.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(io_) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    timeval patience{10, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  /// False when the server has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// False at the end of the stream, after a reset or in vain.
  bool read_some() {
    char buffer[16384];
    ssize_t count = 0;
    do count = ::recv(socket_.native_handle(), buffer, sizeof buffer, 0);
    while (count < 0 && errno == EINTR);
    if (count <= 0) {
      timed_out_ = count < 0 && errno == EAGAIN;
      return false;
    }
    in_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  /// Whether the server closed the connection (and did not merely say nothing).
  bool at_end() {
    while (read_some()) {
    }
    return !timed_out_;
  }
  std::string take(std::size_t count) {
    while (in_.size() < count && read_some()) {
    }
    auto taken = in_.substr(0, count);
    in_.erase(0, count);
    return taken;
  }
  std::string take_until(std::string_view mark) {
    auto at = in_.find(mark);
    while (at == std::string::npos && read_some()) at = in_.find(mark);
    return at == std::string::npos ? std::string() : take(at + mark.size());
  }
  RawResponse response(bool expect_body = true) {
    RawResponse response;
    response.head = take_until("\r\n\r\n");
    if (response.head.size() < 12) return response;
    response.status = std::stoi(response.head.substr(9, 3));
    if (!expect_body) return response;
    if (auto length = response.field("Content-Length")) {
      response.body = take(std::stoul(*length));
    } else if (response.field("Transfer-Encoding")) {
      while (true) {
        auto size = std::stoul(take_until("\r\n"), nullptr, 16);
        response.body += take(size);
        if (take(2) != "\r\n" || size == 0) break;
      }
    }
    return response;
  }
  RawResponse ask(std::string_view bytes) {
    send(bytes);
    return response();
  }
  tcp::socket& socket() { return socket_; }
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }
  const std::string& unread() const { return in_; }

 private:
  asio::io_context io_;
  tcp::socket socket_;
  std::string in_;
  bool timed_out_ = false;
};

}  // namespace parley::net::testing
