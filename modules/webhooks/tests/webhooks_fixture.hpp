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
