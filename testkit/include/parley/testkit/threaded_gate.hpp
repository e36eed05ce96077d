#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <stdexcept>
#include <thread>

#include "parley/simulators/tcp_gate.hpp"

namespace parley::testkit {

/// The simulators' gate before a service on loopback, on a thread of its own, so that clients that
/// block can be its clients. For the test's thread. Throws std::runtime_error when it cannot listen
/// or a plan is wrong.
class ThreadedGate {
 public:
  explicit ThreadedGate(int target_port)
      : gate_(loop_.get_executor(), clock_,
              {.target_port = static_cast<std::uint16_t>(target_port)}) {
    good(gate_.start());
  }
  ~ThreadedGate() {
    run(gate_.stop());
    loop_.stop();
  }
  std::uint16_t port() const noexcept { return gate_.port(); }
  simulators::Faults& faults() noexcept { return gate_.faults(); }
  /// What becomes of connections from now on.
  void plan(std::string text) { good(faults().set(std::move(text))); }
  /// Resets what is open.
  void cut() {
    run([](simulators::TcpGate& gate) -> asio::awaitable<void> {
      gate.cut();
      co_return;
    }(gate_));
  }
  simulators::TcpGate::Counts counts() {
    using Counts = simulators::TcpGate::Counts;
    return run([](simulators::TcpGate& gate) -> asio::awaitable<Counts> {
      co_return gate.counts();
    }(gate_));
  }

 private:
  static void good(const Result<void>& done) {
    if (!done) throw std::runtime_error("gate: " + done.error().detail);
  }
  template <class T>
  T run(asio::awaitable<T> work) {
    return asio::co_spawn(loop_, std::move(work), asio::use_future).get();
  }

  SystemClock clock_;
  asio::io_context loop_{1};
  simulators::TcpGate gate_;
  std::jthread thread_{[this, guard = asio::make_work_guard(loop_)] { loop_.run(); }};
};

}  // namespace parley::testkit
