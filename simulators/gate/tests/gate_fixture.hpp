#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/simulators/tcp_gate.hpp"

namespace parley::simulators {

/// A gate on a thread of its own, so that clients that block can be its clients.
class GateTest : public ::testing::Test {
 protected:
  void TearDown() override {
    if (gate) run(gate->stop());
    loop.stop();
  }
  void open(std::uint16_t target, std::string plan = "") {
    TcpGateOptions options;
    options.target_port = target;
    options.max_connections = 20;
    gate = std::make_unique<TcpGate>(loop.get_executor(), clock, options);
    auto started = gate->start();
    ASSERT_TRUE(started) << started.error().detail;
    behave(std::move(plan));
  }
  void behave(std::string plan) {
    auto set = gate->faults().set(std::move(plan));
    ASSERT_TRUE(set) << set.error().detail;
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(loop, std::move(work), asio::use_future).get();
  }
  TcpGate::Counts counts() {
    return run(
        [](TcpGate& of) -> asio::awaitable<TcpGate::Counts> { co_return of.counts(); }(*gate));
  }
  void cut() {
    run([](TcpGate& of) -> asio::awaitable<void> {
      of.cut();
      co_return;
    }(*gate));
  }

  SystemClock clock;
  asio::io_context loop{1};
  std::unique_ptr<TcpGate> gate;
  std::jthread thread{[this, guard = asio::make_work_guard(loop)] { loop.run(); }};
};

}  // namespace parley::simulators
