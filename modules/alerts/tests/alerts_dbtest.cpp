#include <gmock/gmock.h>

#include "parley/alerts/watch.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::alerts {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Pager final : public AlertSink {
 public:
  explicit Pager(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Task<void> send(Context, const Alert& alert, Action action) override {
    ++tries;
    if (failures > 0) {
      --failures;
      co_return fail(Errc::unavailable, "busy");
    }
    told.push_back((action == Action::trigger ? "trigger " : "resolve ") + alert.what.key);
    ids.push_back(alert.id.str());
    co_return Result<void>{};
  }
  int failures = 0;
  int tries = 0;
  std::vector<std::string> told;
  std::vector<std::string> ids;

 private:
  std::string name_;
};

class AlertsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer});
    alerts = std::make_unique<Alerts>(Alerts::Parts{clock, random, db(), *queue, registry});
    alerts->add(pager);
    alerts->add(mail);
    watch = std::make_unique<Watch>(io.get_executor(), clock, *alerts, 15s);
  }
  void TearDown() override {
    (void)run([&]() -> Task<void> {
      auto ending = watch->stop();
      co_await std::move(ending);
      auto stopping = queue->stop();
      co_await std::move(stopping);
      co_return Result<void>{};
    });
    DatabaseTest::TearDown();
  }
  NewAlert redis() {
    return {.key = "health/redis",
            .severity = Severity::warning,
            .summary = "redis is away",
            .advice = "start it"};
  }
  void raise(NewAlert alert) {
    ASSERT_TRUE(run([&] { return alerts->raise(ctx, alert); }));
  }
  void resolve(std::string key) {
    ASSERT_TRUE(run([&] { return alerts->resolve(ctx, key); }));
  }
  std::vector<std::string> open() {
    std::vector<std::string> keys;
    for (auto& alert : run([&] { return alerts->open(ctx); }).value())
      keys.push_back(alert.what.key);
    return keys;
  }
  void pass(Duration time) {
    auto end = clock.now() + time;
    pass_time(5s, [&] { return clock.now() >= end; });
  }

  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  std::unique_ptr<queue::Queue> queue;
  /// What a rule sees; the watch looks until the fixture stops it.
  Result<std::optional<std::string>> seen = std::nullopt;
  std::function<Task<std::optional<std::string>>(Context)> look =
      [this](Context) -> Task<std::optional<std::string>> { co_return seen; };
  Pager pager{"pager"}, mail{"mail"};
  std::unique_ptr<Alerts> alerts;
  std::unique_ptr<Watch> watch;
};
PARLEY_ON_BOTH_DATABASES(AlertsDbTest);

TEST_P(AlertsDbTest, OneOpenAlertOfEachKeyIsToldOnceToEachSink) {
  raise(redis());
  raise(redis());
  raise({.key = "health/disk", .severity = Severity::critical, .summary = "full", .advice = ""});
  EXPECT_THAT(open(), ElementsAre("health/redis", "health/disk"));
  queue->start();
  pass_time(5s, [&] { return pager.told.size() == 2 && mail.told.size() == 2; });
  EXPECT_THAT(pager.told,
              ::testing::UnorderedElementsAre("trigger health/redis", "trigger health/disk"));
  resolve("health/redis");
  resolve("health/redis");
  resolve("never/raised");
  pass_time(5s, [&] { return pager.told.size() == 3 && mail.told.size() == 3; });
  EXPECT_EQ(pager.told.back(), "resolve health/redis");
  EXPECT_THAT(open(), ElementsAre("health/disk"));
  raise(redis());
  pass_time(5s, [&] { return pager.told.size() == 4 && mail.told.size() == 4; });
  EXPECT_EQ(std::ranges::count(pager.ids, pager.ids.back()), 1) << "a new alert, a new incident";
}

TEST_P(AlertsDbTest, ASinkIsTriedUntilItTookItAndInOrder) {
  pager.failures = 3;
  queue->start();
  raise(redis());
  resolve("health/redis");
  pass_time(5s, [&] { return pager.told.size() == 2 && mail.told.size() == 2; });
  EXPECT_THAT(pager.told, ElementsAre("trigger health/redis", "resolve health/redis"));
  EXPECT_EQ(pager.tries, 5);
  EXPECT_EQ(pager.ids[0], pager.ids[1]);
}

TEST_P(AlertsDbTest, WithoutKeyOrSummaryItIsNone) {
  auto raised = run([&] { return alerts->raise(ctx, {.key = "", .summary = "x"}); });
  EXPECT_EQ(raised.error().code, Errc::invalid);
  raised = run([&] { return alerts->raise(ctx, {.key = "x", .summary = ""}); });
  EXPECT_EQ(raised.error().code, Errc::invalid);
}

TEST_P(AlertsDbTest, WhatFlickersWakesNobodyAndWhatStaysIsTold) {
  Rule rule;
  rule.key = "breaker/twilio";
  rule.hold = 60s;
  rule.broken = look;
  watch->add(std::move(rule));
  queue->start();
  watch->start();
  pass(2min);
  seen = "the breaker is open";
  pass(40s);
  seen = std::nullopt;
  pass(2min);
  EXPECT_THAT(open(), IsEmpty());
  seen = "the breaker is open";
  pass_time(5s, [&] { return !pager.told.empty(); });
  EXPECT_THAT(open(), ElementsAre("breaker/twilio"));
  pass(5min);
  EXPECT_EQ(pager.told.size(), 1U);
  seen = std::nullopt;
  pass_time(5s, [&] { return pager.told.size() == 2; });
  EXPECT_EQ(pager.told.back(), "resolve breaker/twilio");
}

TEST_P(AlertsDbTest, WhatCannotBeLookedAtStaysAsItWas) {
  seen = "the breaker is open";
  Rule rule;
  rule.key = "a";
  rule.hold = {};
  rule.broken = look;
  watch->add(std::move(rule));
  queue->start();
  watch->start();
  pass_time(5s, [&] { return pager.told.size() == 1; });
  seen = fail(Errc::timeout, "no answer");
  pass(5min);
  EXPECT_THAT(open(), ElementsAre("a"));
}

TEST_P(AlertsDbTest, WhatAnEarlierRunRaisedIsResolvedWhenItIsOver) {
  raise(redis());
  Rule rule;
  rule.key = "health/redis";
  rule.broken = [](Context) -> Task<std::optional<std::string>> {
    co_return std::optional<std::string>();
  };
  watch->add(std::move(rule));
  queue->start();
  watch->start();
  pass_time(5s, [&] { return pager.told.size() == 2; });
  EXPECT_THAT(open(), IsEmpty());
}

TEST_P(AlertsDbTest, TheGaugeCountsWhatEarlierRunsRaisedToo) {
  raise(redis());
  raise({.key = "health/disk", .severity = Severity::critical, .summary = "full", .advice = ""});
  metrics::Registry restarted;
  queue::Queue other({io.get_executor(), clock, random, db(), restarted, tracer});
  Alerts again({clock, random, db(), other, restarted});
  ASSERT_TRUE(run([&] { return again.resolve(ctx, "health/redis"); }));
  EXPECT_THAT(restarted.text(), ::testing::HasSubstr("parley_alerts_open 1\n"));
}

}  // namespace
}  // namespace parley::alerts
