#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/testkit/kill_points.hpp"
#include "parley/testkit/outside_ledger.hpp"
#include "parley/testkit/settable_clock.hpp"

namespace parley::testkit {

/// What the program of a kill scenario stands on: the rounds' database, one event loop, and a time
/// that passes when nothing else is left to do, so that what a killed process held is taken over
/// at once, and what a slow one holds never is. Each life begins an hour after the one before.
/// For the child process. What is made of it goes before it.
class KillProgram {
 public:
  /// `label` names the kill points around writes of `watched`. Throws std::runtime_error when the
  /// database cannot be opened.
  KillProgram(const KillRun& run, std::string label);

  /// Runs `body()`, a coroutine, to its end, and whatever else is in `io` beside it; throws what it
  /// threw.
  template <class Body>
  void run(Body body) {
    asio::co_spawn(io, body(), [this](const std::exception_ptr& thrown) {
      io.stop();
      if (thrown) std::rethrow_exception(thrown);
    });
    io.run();
  }
  /// What a killed process held is another's after this time; tests give it to what has leases.
  static constexpr Duration lease = 1min;
  /// Until the query finds a row. Time passes, in steps shorter than a lease's renewal.
  asio::awaitable<void> until_found(std::string sql, store::Params params);

  SettableClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer{clock, random, sink};
  /// What time waits for: transactions, and whatever else a scenario counts.
  std::atomic<int> in_hand{0};
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::Database> watched;  ///< the same, with kill points around its writes
  asio::io_context io{1};
  Context ctx;  ///< organization org_test
};

/// What came of it is as durable as the database, and outlives every round.
OutsideLedger ledger_of(const KillRun& run);

}  // namespace parley::testkit
