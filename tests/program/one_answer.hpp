#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>
#include <thread>

#include "parley/base/random.hpp"
#include "parley/net/server.hpp"

namespace parley::program {

/// Something outside: answers GET and POST of one path, and keeps what it is sent.
class OneAnswer {
 public:
  OneAnswer(std::string path, int status, std::string body = "{}") : status_(status) {
    auto answer = [this, body](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
      std::scoped_lock lock(mutex_);
      taken_ += request.body;
      key_ = request.headers.get("x-api-key").value_or("");
      co_return net::text_response(status_, body, "application/json");
    };
    router_.add(net::Method::post, path, answer);
    router_.add(net::Method::get, std::move(path), answer);
    net::ServerOptions options;
    options.port = 0;
    server_ =
        std::make_unique<net::HttpServer>(std::vector<asio::any_io_executor>{loop_.get_executor()},
                                          router_, clock_, random_, options);
    if (auto started = server_->start(); !started) throw std::runtime_error(started.error().detail);
    thread_ = std::jthread([this, guard = asio::make_work_guard(loop_)] { loop_.run(); });
  }
  ~OneAnswer() {
    asio::co_spawn(loop_, server_->stop(TimePoint::min()), asio::use_future).get();
    loop_.stop();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  void answer_with(int status) { status_ = status; }
  std::string taken() {
    std::scoped_lock lock(mutex_);
    return taken_;
  }
  /// Of the last request: x-api-key.
  std::string key() {
    std::scoped_lock lock(mutex_);
    return key_;
  }

 private:
  std::mutex mutex_;
  std::string taken_;
  std::string key_;
  std::atomic<int> status_;
  asio::io_context loop_{1};
  SystemClock clock_;
  SystemRandom random_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;
};

}  // namespace parley::program
