#include <gmock/gmock.h>

#include "parley/health/suite.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::health {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SuiteDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    make();
  }
  void TearDown() override {
    stop();
    DatabaseTest::TearDown();
  }
  void make() {
    suite.reset();
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer});
    suite = std::make_unique<Suite>(Suite::Parts{clock, random, db(), *queue});
  }
  void stop() {
    (void)run([&]() -> Task<void> {
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  SuiteStep step(std::string name, std::string group, Result<std::string> answer = "good") {
    SuiteStep made;
    made.name = std::move(name);
    made.group = std::move(group);
    made.advice = "look at the log";
    made.run = [this, answer](Context scope) -> Task<std::string> {
      sandbox = scope.organization;
      ++tried;
      co_return answer;
    };
    return made;
  }
  SuiteRun start() {
    return run([&] { return suite->start(ctx); }).value();
  }
  Suite::Compared get(const RunId& id) {
    return run([&] { return suite->get(ctx, id); }).value();
  }
  SuiteRun ended(const RunId& id) {
    return run([&]() -> Task<SuiteRun> {
             for (;;) {
               auto looking = suite->get(ctx, id);
               auto found = co_await std::move(looking);
               if (!found) co_return std::unexpected(found.error());
               if (found->run.finished_at) co_return found->run;
               asio::steady_timer pause(io, std::chrono::milliseconds(1));
               co_await pause.async_wait(asio::use_awaitable);
             }
           })
        .value();
  }
  static std::vector<StepStatus> statuses(const SuiteRun& run) {
    std::vector<StepStatus> all;
    for (auto& step : run.steps) all.push_back(step.status);
    return all;
  }

  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<Suite> suite;
  OrganizationId sandbox;
  int tried = 0;
};
PARLEY_ON_BOTH_DATABASES(SuiteDbTest);

TEST_P(SuiteDbTest, EveryStepIsTriedInTheSandboxAndTheRunIsKept) {
  suite->add(step("database", "databases"));
  suite->add(step("book", "flow", "booked at nine"));
  auto begun = start();
  EXPECT_EQ(begun.status, RunStatus::queued);
  EXPECT_THAT(statuses(begun), ElementsAre(StepStatus::waiting, StepStatus::waiting));
  queue->start();
  auto run = ended(begun.id);
  EXPECT_EQ(run.status, RunStatus::passed);
  EXPECT_EQ(run.trigger, "request");
  EXPECT_EQ(run.steps[1].detail, "booked at nine");
  EXPECT_EQ(sandbox.str(), "org_sandbox_org_test");
}

TEST_P(SuiteDbTest, AFailedStepSaysWhatToDoAndItsGroupIsLeft) {
  suite->add(step("make", "flow", fail(Errc::unavailable, "no business")));
  auto next = step("book", "flow");
  next.needs = SuiteStep::Needs::group;
  suite->add(next);
  suite->add(step("health", "endpoints"));
  queue->start();
  auto run = ended(start().id);
  EXPECT_EQ(run.status, RunStatus::failed);
  EXPECT_THAT(statuses(run),
              ElementsAre(StepStatus::failed, StepStatus::skipped, StepStatus::passed));
  EXPECT_EQ(run.steps[0].detail, "no business");
  EXPECT_EQ(run.steps[0].advice, "look at the log");
  EXPECT_EQ(tried, 2);
}

TEST_P(SuiteDbTest, WhatThrowsOrHangsIsAFailedStep) {
  auto throwing = step("throwing", "a");
  throwing.run = [](Context) -> Task<std::string> {
    throw std::runtime_error("out of cheese");
    co_return "never";
  };
  suite->add(throwing);
  auto hanging = step("hanging", "b");
  hanging.time_limit = 20ms;
  hanging.run = [this](Context) -> Task<std::string> {
    asio::steady_timer never(io, std::chrono::hours(1));
    co_await never.async_wait(asio::use_awaitable);
    co_return "never";
  };
  suite->add(hanging);
  queue->start();
  auto begun = start();
  clock.advance(1s);
  auto run = ended(begun.id);
  EXPECT_EQ(run.steps[0].detail, "out of cheese");
  EXPECT_THAT(run.steps[1].detail, HasSubstr("deadline"));
}

TEST_P(SuiteDbTest, OneRunAtATime) {
  suite->add(step("a", "a"));
  auto first = start(), second = start();
  EXPECT_EQ(first.id, second.id);
  queue->start();
  ended(first.id);
  EXPECT_NE(start().id, first.id);
}

TEST_P(SuiteDbTest, RunsAreListedAndCompared) {
  Result<std::string> answer = "good";
  auto changing = step("changing", "a");
  changing.run = [&answer](Context) -> Task<std::string> { co_return answer; };
  suite->add(changing);
  suite->add(step("steady", "a"));
  queue->start();
  auto first = ended(start().id);
  clock.advance(1s);
  answer = fail(Errc::timeout, "no answer");
  auto second = ended(start().id);
  auto compared = get(second.id);
  ASSERT_TRUE(compared.before);
  EXPECT_EQ(compared.before->id, first.id);
  auto differences = compare(*compared.before, compared.run);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].step, "changing");
  EXPECT_EQ(differences[0].before, StepStatus::passed);
  EXPECT_EQ(differences[0].now, StepStatus::failed);
  auto page = run([&] { return suite->list(ctx, {.status = RunStatus::failed}); }).value();
  EXPECT_EQ(page.total, 1);
  EXPECT_EQ(page.items.at(0).id, second.id);
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(run([&] { return suite->list(ctx, {}); }).value().total, 0);
  EXPECT_EQ(run([&] { return suite->get(ctx, second.id); }).error().code, Errc::not_found);
}

TEST_P(SuiteDbTest, ARunWhoseProcessDiedBeginsAnew) {
  auto hanging = step("hanging", "a");
  bool hang = true;
  hanging.run = [&](Context) -> Task<std::string> {
    if (!hang) co_return "good";
    asio::steady_timer never(io, std::chrono::hours(1));
    co_await never.async_wait(asio::use_awaitable);
    co_return "never";
  };
  suite->add(hanging);
  queue->start();
  auto begun = start();
  (void)run([&]() -> Task<void> {
    for (;;) {
      auto looking = suite->get(ctx, begun.id);
      auto found = co_await std::move(looking);
      if (found && found->run.steps.at(0).status == StepStatus::running) co_return Result<void>{};
    }
  });
  stop();  // hands the job back
  hang = false;
  make();
  suite->add(hanging);
  queue->start();
  EXPECT_EQ(ended(begun.id).status, RunStatus::passed);
}

TEST_P(SuiteDbTest, AScheduleIsACronAndAZone) {
  suite->add(step("a", "a"));
  EXPECT_EQ(run([&] { return suite->schedule(ctx, "every day", "UTC"); }).error().code,
            Errc::invalid);
  ASSERT_TRUE(run([&] { return suite->schedule(ctx, "0 4 * * *", "America/New_York"); }));
  EXPECT_EQ(run([&] { return queue->schedules(ctx); }).value().size(), 1U);
  ASSERT_TRUE(run([&] { return suite->schedule(ctx, "", ""); }));
  EXPECT_TRUE(run([&] { return queue->schedules(ctx); }).value().empty());
}

TEST(Compare, SlowerStepsAreTold) {
  SuiteRun before, now;
  before.steps = {{.name = "a",
                   .group = "",
                   .status = StepStatus::passed,
                   .detail = "",
                   .advice = "",
                   .took = 60ms}};
  now.steps = before.steps;
  now.steps[0].took = 130ms;
  EXPECT_TRUE(compare(before, now).empty());
  now.steps[0].took = 200ms;
  EXPECT_EQ(compare(before, now).size(), 1U);
}

}  // namespace
}  // namespace parley::health
