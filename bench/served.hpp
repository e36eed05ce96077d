#pragma once
#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <ctime>
#include <future>
#include <stdexcept>
#include <thread>

#include "parley/base/random.hpp"
#include "parley/net/server.hpp"

namespace parley::bench {

/// An io_context on a thread of its own, whose processor time can be read.
struct Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  std::jthread thread{[this] { io.run(); }};
  ~Loop() { io.stop(); }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(io, std::move(work), asio::use_future).get();
  }
  double cpu_seconds() {
    clockid_t clock{};
    timespec used{};
    if (::pthread_getcpuclockid(thread.native_handle(), &clock) != 0 ||
        ::clock_gettime(clock, &used) != 0)
      return 0;
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  }
};

/// A server on a free port of loopback.
struct Served {
  Loop& loop;
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::HttpServer> server;
  Served(Loop& where, const net::Router& router) : loop(where) {
    net::ServerOptions options;
    options.port = 0;
    std::vector<asio::any_io_executor> executors{loop.io.get_executor()};
    server = std::make_unique<net::HttpServer>(executors, router, clock, random, options);
    if (auto started = server->start(); !started) throw std::runtime_error(started.error().detail);
  }
  ~Served() { loop.run(server->stop(TimePoint::min())); }
};

}  // namespace parley::bench
