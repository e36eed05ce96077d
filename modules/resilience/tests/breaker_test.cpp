#include "policy_fixture.hpp"

namespace parley::resilience {
namespace {

struct BreakerTest : PolicyTest {
  static PolicyOptions options() {
    PolicyOptions o;
    o.retry.attempts = 1;
    o.breaker = {.failure_percent = 50, .window = 10s, .min_calls = 4, .open_for = 5s, .trials = 2};
    return o;
  }
  void fails(int times) {
    service.fail_with(Errc::unavailable);
    for (int i = 0; i < times; ++i) EXPECT_FALSE(run());
  }
  void works(int times) {
    service.answers = {Result<int>(1)};
    for (int i = 0; i < times; ++i) EXPECT_TRUE(run());
  }
  void open() {
    fails(4);
    ASSERT_EQ(shot().breaker, BreakerState::open);
    service.attempts = 0;
  }
};

TEST_F(BreakerTest, OpensAtTheShareOfFailuresButNotBeforeEnoughCalls) {
  with(options());
  fails(3);
  EXPECT_EQ(shot().breaker, BreakerState::closed) << "three are not enough";
  works(4);
  EXPECT_EQ(shot().breaker, BreakerState::closed) << "three of seven";
  fails(1);
  EXPECT_EQ(shot().breaker, BreakerState::open) << "four of eight";
}

TEST_F(BreakerTest, OldCallsLeaveTheWindow) {
  with(options());
  fails(3);
  world.run_for(11s);
  EXPECT_EQ(shot().window_calls, 0);
  fails(3);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
  world.run_for(5s);
  fails(1);
  EXPECT_EQ(shot().breaker, BreakerState::open) << "all four within ten seconds";
}

TEST_F(BreakerTest, OpenRefusesAtOnceAndSaysForHowLong) {
  with(options());
  open();
  world.run_for(2s);
  auto refused = run();
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().retry_after, 3s);
  EXPECT_EQ(service.attempts, 0);
  EXPECT_EQ(shot().totals.refused, 1);
  EXPECT_EQ(shot().until_trial, 3s);
}

TEST_F(BreakerTest, ARetryThatMeetsAnOpenBreakerGivesTheServicesError) {
  auto o = options();
  o.retry.attempts = 5;
  with(o);
  service.fail_with(Errc::timeout);
  EXPECT_EQ(run().error().code, Errc::timeout);
  EXPECT_EQ(service.attempts, 4) << "the fourth failure opened it";
}

TEST_F(BreakerTest, HalfOpenLetsOnlySoManyTrialsThrough) {
  with(options());
  open();
  service.answers = {Result<int>(1)};
  service.takes = {1s};
  world.run_for(5s);
  std::optional<Result<int>> calls[4];
  for (auto& call : calls) start(call);
  world.run_for(0s);
  EXPECT_EQ(shot().breaker, BreakerState::half_open);
  EXPECT_EQ(service.attempts, 2);
  EXPECT_EQ(calls[2]->error().code, Errc::unavailable);
  EXPECT_EQ(calls[3]->error().code, Errc::unavailable);
  world.run_for(1s);
  EXPECT_EQ(calls[0]->value(), 1);
  EXPECT_EQ(calls[1]->value(), 1);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
  EXPECT_EQ(shot().window_calls, 0) << "it starts anew";
}

TEST_F(BreakerTest, OneFailedTrialOpensItAgain) {
  with(options());
  open();
  world.run_for(5s);
  works(1);
  EXPECT_EQ(shot().breaker, BreakerState::half_open);
  fails(1);
  EXPECT_EQ(shot().breaker, BreakerState::open);
  EXPECT_EQ(shot().until_trial, 5s) << "the full time again";
  world.run_for(5s);
  works(2);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
}

TEST_F(BreakerTest, TheCallersErrorProvesThatTheServiceIsBack) {
  with(options());
  open();
  world.run_for(5s);
  service.fail_with(Errc::not_found);
  EXPECT_EQ(run().error().code, Errc::not_found);
  EXPECT_EQ(run().error().code, Errc::not_found);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
}

TEST_F(BreakerTest, WhatBeganInAnotherStateNoLongerCounts) {
  with(options());
  service.takes = {7s, 0s};
  service.answers = {fail(Errc::unavailable, "late")};
  std::optional<Result<int>> late;
  start(late);
  world.run_for(0s);
  fails(4);
  EXPECT_EQ(shot().breaker, BreakerState::open);
  world.run_for(5s);
  works(1);
  EXPECT_EQ(shot().breaker, BreakerState::half_open);
  service.fail_with(Errc::unavailable);
  world.run_for(2s);
  ASSERT_TRUE(late);
  EXPECT_FALSE(*late);
  EXPECT_EQ(shot().breaker, BreakerState::half_open) << "a failure of before";
}

TEST_F(BreakerTest, ACancelledTrialGivesItsPlaceBack) {
  with(options());
  open();
  world.run_for(5s);
  service.takes = {1h};
  for (int i = 0; i < 5; ++i) {
    TaskGroup tasks(world.executor());
    tasks.spawn("trial", [&]() -> asio::awaitable<void> {
      auto work = call();
      (void)co_await std::move(work);
    });
    world.run_for(1s);
    (void)world.run([&]() -> Task<void> {
      auto ending = tasks.stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  EXPECT_EQ(service.attempts, 5) << "each was let through";
  EXPECT_EQ(shot().breaker, BreakerState::half_open);
  service.takes = {0s};
  works(2);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
}

TEST_F(BreakerTest, CivilTimeDoesNotMatter) {
  with(options());
  open();
  world.clock().jump_wall(-1h);
  EXPECT_EQ(shot().until_trial, 5s);
  world.run_for(5s);
  works(2);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
}

TEST_F(BreakerTest, ZeroPercentNeverOpens) {
  auto o = options();
  o.breaker.failure_percent = 0;
  with(o);
  fails(50);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
}

}  // namespace
}  // namespace parley::resilience
