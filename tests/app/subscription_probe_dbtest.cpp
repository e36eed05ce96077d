// Health says which subscription stands still or is far behind, why, and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "health_probes.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::app {
namespace {

using ::testing::HasSubstr;

class SubscriptionProbeDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    subscriptions.emplace(io.get_executor(), clock, random, db(),
                          events::Subscriptions::Options{.max_attempts = 1});
    subscriptions->add(
        {.name = "strict",
         .handler = events::Projection([this](store::Tx&, const auto&) { return handle(); }),
         .on_failure = events::Subscription::OnFailure::stop});
    add_probe(*monitor, *subscriptions);
  }
  void TearDown() override {
    run([&]() -> Task<void> {
      auto ending = subscriptions->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
    monitor.reset();
    subscriptions.reset();
    DatabaseTest::TearDown();
  }
  Result<void> handle() const {
    if (fails) return fail(Errc::invalid, "indigestible");
    return {};
  }
  health::Check check() {
    clock.advance(1min);
    return run([&] { return monitor->report(ctx); }).value().checks.at(0);
  }
  /// Runs what follows the log until it holds.
  template <class Condition>
  void until(Condition holds) {
    auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!holds(run([&] { return subscriptions->status(ctx); }).value().at(0))) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      clock.advance(1ms);
    }
  }
  void append() {
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.append("s", {"call.ended", {}}); }));
  }

  bool fails = true;
  metrics::Registry registry;
  std::optional<events::Subscriptions> subscriptions;
  std::optional<health::Monitor> monitor{std::in_place, io.get_executor(), clock, registry};
};
PARLEY_ON_DATABASE(SubscriptionProbeDbTest, sqlite);

TEST_P(SubscriptionProbeDbTest, OneThatStandsIsNamedWithItsReasonAndWhatToDo) {
  subscriptions->start();
  EXPECT_EQ(check().status, health::Status::healthy);
  append();
  until([](const auto& status) { return status.stopped_at.has_value(); });
  auto look = check();
  EXPECT_EQ(look.name, "subscriptions");
  EXPECT_EQ(look.status, health::Status::degraded);
  EXPECT_THAT(look.detail, HasSubstr("strict stands still since "));
  EXPECT_THAT(look.detail, HasSubstr("indigestible"));
  EXPECT_THAT(look.advice, HasSubstr("parley events resume"));
  fails = false;
  ASSERT_TRUE(run([&] { return subscriptions->resume(ctx, "strict"); }));
  until([](const auto& status) { return status.lag == 0; });
  look = check();
  EXPECT_EQ(look.status, health::Status::healthy) << look.detail;
}

TEST_P(SubscriptionProbeDbTest, OneThatIsFarBehindIsNamed) {
  append();
  EXPECT_EQ(check().status, health::Status::healthy) << "a minute is nothing";
  clock.advance(20min);
  auto look = check();
  EXPECT_EQ(look.status, health::Status::degraded);
  EXPECT_THAT(look.detail, HasSubstr("strict is 22 minutes behind, 1 events wait"));
}

}  // namespace
}  // namespace parley::app
