#pragma once
#include <gtest/gtest.h>

#include "parley/auth/master_key.hpp"
#include "parley/store/event_log.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/webhooks/generic_receiver.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::webhooks::testing {

class WebhooksDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    make_queue();
  }
  void TearDown() override {
    stop();
    queue.reset();
    DatabaseTest::TearDown();
  }
  void make_queue() {
    queue::Queue::Options options;
    options.poll = 1h;
    options.lease = lease;
    options.workers = {{"default", 8}};
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer}, options);
  }
  void stop() {
    run([&]() -> Task<void> {
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  /// Runs what is in the io_context until it holds.
  template <class Condition>
  void until(Condition condition) {
    auto guard = asio::make_work_guard(io);
    auto give_up = std::chrono::steady_clock::now() + 30s;
    io.restart();
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "it never came true";
      io.run_one_for(1ms);
    }
  }
  /// To see that something does not happen.
  void let_run(int turns = 100) {
    auto guard = asio::make_work_guard(io);
    io.restart();
    for (int i = 0; i < turns; ++i) io.run_one_for(1ms);
  }
  /// Virtual time passes in steps, so that what comes due in between is done in between.
  template <class Condition>
  void pass(Duration step, Condition condition) {
    auto guard = asio::make_work_guard(io);
    for (int i = 0; i < 2000 && !condition(); ++i) {
      clock.advance(step);
      io.restart();
      io.run_for(10ms);
    }
    EXPECT_TRUE(condition());
  }
  std::vector<store::StoredEvent> events(std::string type) {
    auto look = [&](store::Tx& tx) {
      return store::read_events(tx, {ctx.organization, "", {type}}, {}, 1000);
    };
    return read(look).value();
  }

  Duration lease = 24h * 30;  ///< outlasts a test's leaps in time
  SystemRandom system_random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  auth::MasterKey master = auth::MasterKey::make(system_random);
  std::unique_ptr<queue::Queue> queue;
};

}  // namespace parley::webhooks::testing
