#pragma once
#include <boost/asio/io_context.hpp>
#include <optional>
#include <stdexcept>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/testkit/settable_clock.hpp"

namespace parley::testkit {

/// One io_context in real time, for what talks to real servers: a test waits for what it means, at
/// most a minute. Used from one thread.
class RealWorld {
 public:
  RealWorld() { context.organization = OrganizationId("org_test"); }

  /// Runs the coroutine that `start` makes until it ends, and returns its result.
  template <class Start>
  auto run(Start start) {
    using Value = typename decltype(start())::value_type;
    std::optional<Value> value;
    std::exception_ptr thrown;
    bool done = false;
    auto body = [](Start& s, std::optional<Value>& out) -> asio::awaitable<void> {
      auto work = s();
      out.emplace(co_await std::move(work));
    };
    asio::co_spawn(io, body(start, value), [&](std::exception_ptr e) {
      thrown = e;
      done = true;
    });
    until([&] { return done; });
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
  /// Lets run what runs until it holds.
  template <class Condition>
  void until(Condition condition) {
    auto guard = asio::make_work_guard(io);
    auto give_up = std::chrono::steady_clock::now() + 60s;
    io.restart();
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up)
        throw std::logic_error("it did not come true in a minute");
      io.run_one_for(std::chrono::milliseconds(1));
    }
  }

  asio::io_context io{1};
  SettableClock clock;
  SeededRandom random{1};
  Context context;
};

}  // namespace parley::testkit
