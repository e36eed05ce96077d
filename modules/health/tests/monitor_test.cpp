#include "parley/health/monitor.hpp"

#include <gmock/gmock.h>

#include "parley/telemetry/log.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::health {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MonitorTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.level = log::Level::off})); }
  void TearDown() override {
    (void)world.run([&]() -> Task<void> {
      auto stopping = monitor.stop();
      co_await std::move(stopping);
      co_return Result<void>{};
    });
  }
  /// What it answers next; a coroutine that waits `takes` first.
  struct Service {
    Result<Finding> answer = Finding{};
    Duration takes{0};
    int looks = 0;
  };
  void watch(std::string name, Service& service,
             Probe::Weight weight = Probe::Weight::replaceable) {
    Probe probe;
    probe.name = std::move(name);
    probe.kind = "service";
    probe.weight = weight;
    probe.advice = "restart it";
    probe.look = [this, &service](Context) -> Task<Finding> {
      ++service.looks;
      auto until = world.clock().now() + service.takes;
      co_await world.clock().sleep_until(until);
      co_return service.answer;
    };
    monitor.add(std::move(probe));
  }
  Report look() {
    return world.run([&] { return monitor.report(world.context()); }).value();
  }

  testkit::SimWorld world;
  metrics::Registry registry;
  Monitor monitor{world.executor(), world.clock(), registry};
};

TEST_F(MonitorTest, AllIsWell) {
  Service database, redis;
  watch("database", database, Probe::Weight::essential);
  watch("redis", redis);
  auto report = look();
  EXPECT_EQ(report.status, Status::healthy);
  ASSERT_EQ(report.checks.size(), 2U);
  EXPECT_EQ(report.checks[0].name, "database");
  EXPECT_TRUE(report.checks[0].reason.empty());
  EXPECT_TRUE(report.degraded().empty());
}

TEST_F(MonitorTest, WhatHasAStandInDegradesAndWhatHasNoneIsUnhealthy) {
  Service database, redis;
  watch("database", database, Probe::Weight::outlived);
  watch("redis", redis);
  redis.answer = fail(Errc::unavailable, "connection refused");
  auto report = look();
  EXPECT_EQ(report.status, Status::degraded);
  EXPECT_THAT(report.degraded(), ElementsAre("redis"));
  EXPECT_EQ(report.checks[1].reason, "unavailable");
  EXPECT_EQ(report.checks[1].detail, "connection refused");
  EXPECT_EQ(report.checks[1].advice, "restart it");
  database.answer = fail(Errc::timeout, "no answer");
  world.run_for(3s);
  EXPECT_EQ(look().status, Status::unhealthy);
}

TEST_F(MonitorTest, AnEssentialThingThatIsOnlyDegradedDoesNotCloseTheHouse) {
  Service disk;
  watch("disk", disk, Probe::Weight::essential);
  disk.answer = Finding{.status = Status::degraded, .detail = "nearly full"};
  EXPECT_EQ(look().status, Status::degraded);
}

TEST_F(MonitorTest, ReadinessIsWhetherCallsCanBeTaken) {
  Service database, redis, voice;
  watch("database", database, Probe::Weight::outlived);
  watch("redis", redis);
  watch("voice", voice, Probe::Weight::essential);
  database.answer = redis.answer = fail(Errc::unavailable, "connection refused");
  auto report = look();
  EXPECT_EQ(report.status, Status::unhealthy);
  auto ready = report.readiness();
  EXPECT_EQ(ready.status, Status::degraded);
  EXPECT_THAT(ready.degraded(), ElementsAre("database"));
  voice.answer = fail(Errc::unavailable, "no voices");
  world.run_for(3s);
  EXPECT_EQ(look().readiness().status, Status::unhealthy);
}

TEST_F(MonitorTest, OneThatHangsIsATimeoutAndDelaysNobodyLonger) {
  Service hanging;
  hanging.takes = 1h;
  watch("hanging", hanging);
  auto began = world.clock().now();
  auto report = look();
  EXPECT_EQ(report.checks.at(0).reason, "timeout");
  EXPECT_LE(world.clock().now() - began, 6s);
}

TEST_F(MonitorTest, WhoCannotWaitGetsWhatIsKnown) {
  Service slow;
  watch("slow", slow);
  look();
  slow.takes = 4s;
  slow.answer = fail(Errc::unavailable, "gone");
  world.run_for(3s);
  auto ctx = world.context().until(world.clock().now() + 1s);
  auto report = world.run([&] { return monitor.report(ctx); }).value();
  EXPECT_EQ(report.status, Status::healthy);
  world.run_for(5s);
  EXPECT_EQ(monitor.latest()->status, Status::degraded);
}

TEST_F(MonitorTest, HoweverManyAskEachIsLookedAtOnce) {
  Service service;
  service.takes = 1s;
  watch("service", service);
  int answered = 0;
  for (int i = 0; i < 50; ++i)
    asio::co_spawn(world.io(), monitor.report(world.context()),
                   [&](std::exception_ptr, const Result<Report>& report) {
                     answered += report && report->checks.size() == 1 ? 1 : 0;
                   });
  world.run_for(2s);
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(service.looks, 1);
}

TEST_F(MonitorTest, LooksByItselfAndTellsChangesOnce) {
  Service service;
  watch("service", service);
  std::vector<std::string> told;
  monitor.on_change([&](const Check& before, const Check& after) {
    told.push_back(std::string(to_string(before.status)) + " -> " +
                   std::string(to_string(after.status)));
  });
  monitor.start();
  world.run_for(60s);
  EXPECT_GE(service.looks, 4);
  EXPECT_TRUE(told.empty());
  service.answer = fail(Errc::unavailable, "gone");
  auto went = world.clock().wall();
  world.run_for(60s);
  service.answer = Finding{};
  world.run_for(60s);
  EXPECT_THAT(told, ElementsAre("healthy -> unhealthy", "unhealthy -> healthy"));
  EXPECT_GT(monitor.latest()->checks.at(0).since, went);
  EXPECT_THAT(registry.text(), HasSubstr("parley_health_up{service=\"service\"} 1"));
}

TEST_F(MonitorTest, WhatIsThrownIsAFinding) {
  Probe probe;
  probe.name = "throwing";
  probe.look = [](Context) -> Task<Finding> {
    throw std::runtime_error("no such library");
    co_return Finding{};
  };
  monitor.add(std::move(probe));
  EXPECT_EQ(look().checks.at(0).detail, "no such library");
}

TEST_F(MonitorTest, TwoOfOneNameAreAMistakeInTheCode) {
  Service service;
  watch("service", service);
  EXPECT_THROW(watch("service", service), std::logic_error);
}

}  // namespace
}  // namespace parley::health
