#pragma once
#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/base/run_to_end.hpp"
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
    return run_to_end(io, std::move(start),
                      [this](const bool& done) { until([&] { return done; }); });
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
