#include <boost/system/system_error.hpp>

#include "policy_fixture.hpp"

namespace parley::resilience {
namespace {

constexpr Errc callers[]{Errc::invalid,     Errc::unauthenticated, Errc::forbidden,
                         Errc::not_found,   Errc::conflict,        Errc::too_large,
                         Errc::unsupported, Errc::end_of_stream};
constexpr Errc never_happened[]{Errc::timeout, Errc::unavailable, Errc::rate_limited};
constexpr Errc perhaps_happened[]{Errc::outcome_unknown, Errc::corrupt};

PolicyOptions calm() {
  PolicyOptions options;
  options.breaker.failure_percent = 0;
  return options;
}

TEST_F(PolicyTest, AnAnswerPassesThrough) {
  with({});
  EXPECT_EQ(run().value(), 1);
  EXPECT_EQ(service.attempts, 1);
  EXPECT_EQ(shot().totals.succeeded, 1);
  EXPECT_EQ(shot().running, 0);
  ASSERT_EQ(spans.spans().size(), 1u);
  EXPECT_EQ(spans.spans()[0].name, "vendor.thing");
  EXPECT_EQ(spans.spans()[0].status, trace::SpanStatus::ok);
}

TEST_F(PolicyTest, ACallWithoutAValueMayFailToo) {
  with(calm());
  int attempts = 0;
  auto done = world.run([&] {
    return policy->run(Context{}, {"ping"}, [&](Context) -> Task<void> {
      if (++attempts < 2) co_return fail(Errc::unavailable, "away");
      co_return Result<void>{};
    });
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(attempts, 2);
}

TEST_F(PolicyTest, WhatNeverHappenedIsTriedAgain) {
  with(calm());
  for (auto code : never_happened) {
    service.attempts = 0;
    service.answers = {fail(code, "no"), fail(code, "no"), Result<int>(5)};
    EXPECT_EQ(run().value(), 5) << to_string(code);
    EXPECT_EQ(service.attempts, 3);
  }
  service.fail_with(Errc::unavailable);
  service.attempts = 0;
  EXPECT_EQ(run().error().code, Errc::unavailable);
  EXPECT_EQ(service.attempts, 3) << "attempts includes the first";
  EXPECT_EQ(shot().totals.failed, 1);
}

TEST_F(PolicyTest, TheCallersErrorsAreNeitherRetriedNorCounted) {
  with({.breaker = {.failure_percent = 1, .min_calls = 1}});
  for (auto code : callers) {
    service.attempts = 0;
    service.fail_with(code);
    EXPECT_EQ(run().error().code, code);
    EXPECT_EQ(service.attempts, 1) << to_string(code);
  }
  EXPECT_EQ(shot().breaker, BreakerState::closed);
  EXPECT_EQ(shot().window_failures, 0);
  EXPECT_EQ(shot().totals.caller_errors, std::ssize(callers));
}

TEST_F(PolicyTest, WhatMayHaveHappenedIsRepeatedOnlyWhenThatIsSafe) {
  with(calm());
  for (auto code : perhaps_happened) {
    service.attempts = 0;
    service.answers = {fail(code, "perhaps"), Result<int>(5)};
    EXPECT_EQ(run(Repeat::unsafe).error().code, code);
    EXPECT_EQ(service.attempts, 1) << to_string(code);
    service.attempts = 0;
    EXPECT_EQ(run(Repeat::safe).value(), 5);
    EXPECT_EQ(service.attempts, 2) << to_string(code);
  }
}

TEST_F(PolicyTest, AFullDiskIsNotRetried) {
  with(calm());
  service.fail_with(Errc::resource_exhausted);
  EXPECT_EQ(run(Repeat::safe).error().code, Errc::resource_exhausted);
  EXPECT_EQ(service.attempts, 1);
}

TEST_F(PolicyTest, AHungCallIsCutOffAndItsOutcomeUnknown) {
  auto options = calm();
  options.attempt_timeout = 2s;
  with(options);
  service.takes = {1h};
  EXPECT_EQ(run(Repeat::unsafe).error().code, Errc::outcome_unknown);
  EXPECT_EQ(service.attempts, 1);
  EXPECT_EQ(world.elapsed(), 2s + cut_off_grace);
  EXPECT_EQ(service.running, 0) << "cancelled";
}

TEST_F(PolicyTest, AHungReadTimesOutAndIsRepeated) {
  auto options = calm();
  options.attempt_timeout = 2s;
  with(options);
  service.takes = {1h, 1h, 0s};
  EXPECT_EQ(run(Repeat::safe).value(), 1);
  EXPECT_EQ(service.attempts, 3);
}

TEST_F(PolicyTest, ACallThatKeepsItsDeadlineSaysItselfWhatHappened) {
  auto options = calm();
  options.attempt_timeout = 2s;
  options.retry.attempts = 1;
  with(options);
  auto outcome = world.run([&] {
    return policy->run(Context{}, {"send"}, [&](Context ctx) -> Task<int> {
      auto work = service.clock.sleep_until(ctx.deadline);
      co_await std::move(work);
      co_return fail(Errc::timeout, "nothing was sent");
    });
  });
  EXPECT_EQ(outcome.error().code, Errc::timeout);
  EXPECT_EQ(world.elapsed(), 2s);
}

TEST_F(PolicyTest, TheCallersDeadlineShortensAttemptsAndPauses) {
  auto options = calm();
  options.attempt_timeout = 10s;
  options.retry.attempts = 20;
  with(options);
  service.takes = {3s};
  service.fail_with(Errc::unavailable);
  auto deadline = world.clock().now() + 5s;
  auto outcome = run(Repeat::safe, Context{}.until(deadline));
  EXPECT_EQ(outcome.error().code, Errc::timeout) << "the second attempt was cut off";
  ASSERT_EQ(service.attempts, 2);
  for (auto attempt_deadline : service.deadlines) EXPECT_EQ(attempt_deadline, deadline);
  EXPECT_EQ(world.elapsed(), 5s + cut_off_grace);
}

TEST_F(PolicyTest, TheTotalTimeoutEndsTheRetries) {
  auto options = calm();
  options.total_timeout = 4s;
  options.retry = {.attempts = 20, .first_pause = 1ms, .longest_pause = 1ms};
  with(options);
  service.takes = {1500ms};
  service.fail_with(Errc::unavailable);
  EXPECT_FALSE(run(Repeat::safe));
  EXPECT_EQ(service.attempts, 3);
  EXPECT_LE(world.elapsed(), 4s + cut_off_grace);
}

TEST_F(PolicyTest, RetryAfterIsHonoured) {
  with(calm());
  Error busy{Errc::rate_limited, "slow down", 7s};
  service.answers = {std::unexpected(busy), Result<int>(3)};
  EXPECT_EQ(run().value(), 3);
  EXPECT_GE(world.elapsed(), 7s);
  EXPECT_LT(world.elapsed(), 7s + 200ms) << "and the first pause of at most 200 ms";
}

TEST_F(PolicyTest, ALongRetryAfterIsHandedOn) {
  with(calm());
  for (auto wait : {31s, 29s}) {
    service.attempts = 0;
    Error busy{Errc::rate_limited, "slow down", wait};
    service.answers = {std::unexpected(busy), Result<int>(3)};
    // 31 s is more than is waited for; 29 s would pass the total of 20.
    auto outcome = run(Repeat::unsafe, Context{}.until(world.clock().now() + 20s));
    EXPECT_EQ(outcome.error(), busy);
    EXPECT_EQ(service.attempts, 1);
  }
  EXPECT_EQ(world.elapsed(), 0s);
}

TEST_F(PolicyTest, PausesGrowWithFullJitter) {
  auto options = calm();
  options.total_timeout = 1h;
  options.retry = {
      .attempts = 6, .first_pause = 100ms, .longest_pause = 400ms, .budget_burst = 1000};
  with(options);
  service.fail_with(Errc::unavailable);
  constexpr Duration most[]{100ms, 200ms, 400ms, 400ms, 400ms};
  std::array<Duration, 5> sum{};
  for (int round = 0; round < 100; ++round) {
    service.began.clear();
    (void)run();
    ASSERT_EQ(service.began.size(), 6u);
    for (std::size_t i = 0; i < 5; ++i) {
      auto pause = service.began[i + 1] - service.began[i];
      EXPECT_LE(pause, most[i]);
      sum[i] += pause;
    }
  }
  // Spread over the whole range: the middle of a hundred is near its half.
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_GT(sum[i] / 100, most[i] / 3);
    EXPECT_LT(sum[i] / 100, most[i] * 2 / 3);
  }
}

TEST_F(PolicyTest, RetriesArePaidFromABudget) {
  auto options = calm();
  options.retry.budget_burst = 3;
  options.retry.budget_percent = 10;
  with(options);
  service.fail_with(Errc::unavailable);
  for (int i = 0; i < 3; ++i) (void)run();
  EXPECT_EQ(shot().totals.retries, 3) << "the burst";
  for (int i = 0; i < 100; ++i) (void)run();
  EXPECT_EQ(shot().totals.retries, 3 + 10) << "a tenth of the calls";
  EXPECT_LT(shot().retry_budget, 1);
  EXPECT_NE(registry.text().find("parley_resilience_retry_budget_empty_total{service=\"vendor\"}"),
            std::string::npos);
}

TEST_F(PolicyTest, FallbackIsTakenWhenTheServiceFails) {
  with(calm());
  auto call = [&](Errc code, Repeat repeat) {
    service.fail_with(code);
    return world.run([&] {
      return policy->run(
          Context{}, {"thing", repeat}, [&](Context c) { return service.call(std::move(c)); },
          [](Context, Error error) -> Task<int> {
            EXPECT_FALSE(error.detail.empty());
            co_return 99;
          });
    });
  };
  EXPECT_EQ(call(Errc::unavailable, Repeat::unsafe).value(), 99);
  EXPECT_EQ(call(Errc::outcome_unknown, Repeat::safe).value(), 99);
  EXPECT_EQ(shot().totals.fallbacks, 2);
  EXPECT_EQ(call(Errc::outcome_unknown, Repeat::unsafe).error().code, Errc::outcome_unknown)
      << "both might take effect";
  EXPECT_EQ(call(Errc::not_found, Repeat::safe).error().code, Errc::not_found);
  EXPECT_EQ(shot().totals.fallbacks, 2);
}

/// Runs a call in a group and stops it after `after`; true when it ended by operation_aborted.
bool cancelled_after(PolicyTest& test, Duration after, Repeat repeat = Repeat::unsafe) {
  bool aborted = false;
  TaskGroup tasks(test.world.executor());
  tasks.spawn("call", [&]() -> asio::awaitable<void> {
    try {
      auto work = test.call(repeat);
      (void)co_await std::move(work);
    } catch (const boost::system::system_error& e) {
      aborted = e.code() == asio::error::operation_aborted;
      throw;
    }
  });
  test.world.run_for(after);
  (void)test.world.run([&]() -> Task<void> {
    auto ending = tasks.stop();
    co_await std::move(ending);
    co_return Result<void>{};
  });
  return aborted;
}

TEST_F(PolicyTest, CancellationPassesThroughAndCountsForNothing) {
  with({.retry = {.first_pause = 10s, .longest_pause = 10s},
        .breaker = {.failure_percent = 1, .min_calls = 1},
        .bulkhead = {.max_running = 1}});
  service.takes = {5s};
  EXPECT_TRUE(cancelled_after(*this, 1s)) << "in an attempt";
  EXPECT_EQ(shot().running, 0);
  EXPECT_EQ(shot().window_calls, 0);
  std::optional<Result<int>> first;
  start(first);
  world.run_for(1s);
  EXPECT_TRUE(cancelled_after(*this, 1s)) << "while it waits for its turn";
  EXPECT_EQ(shot().waiting, 0);
  world.run_for(10s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->value(), 1);
  EXPECT_EQ(shot().breaker, BreakerState::closed);
  EXPECT_EQ(shot().totals.failed, 0);
}

TEST_F(PolicyTest, CancellationInAPausePassesThrough) {
  auto options = calm();
  options.retry.first_pause = options.retry.longest_pause = 10s;
  with(options);
  service.fail_with(Errc::unavailable);
  EXPECT_TRUE(cancelled_after(*this, 1ms));
  EXPECT_EQ(service.attempts, 1);
  EXPECT_EQ(shot().totals.failed, 0);
}

TEST_F(PolicyTest, ACallThatThrowsIsAFailureAndFreesItsPlace) {
  with({.bulkhead = {.max_running = 1}});
  auto call = [&] {
    return world.run([&] {
      return policy->run(Context{}, {"thing"}, [](Context) -> Task<int> {
        throw std::logic_error("bug");
        co_return 1;
      });
    });
  };
  EXPECT_THROW((void)call(), std::logic_error);
  EXPECT_THROW((void)call(), std::logic_error);
  EXPECT_EQ(shot().window_failures, 2);
  EXPECT_EQ(shot().running, 0);
}

TEST_F(PolicyTest, PoliciesAreNamedShownAndReset) {
  with({.breaker = {.min_calls = 1}});
  policies.add("another", {});
  EXPECT_THROW(policies.add("vendor", {}), std::logic_error);
  EXPECT_THROW(policies.add("odd", {.retry = {.attempts = 0}}), std::logic_error);
  service.fail_with(Errc::unavailable);
  auto began = world.clock().wall();
  EXPECT_FALSE(run());
  auto all = policies.snapshots();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].service, "another");
  EXPECT_EQ(all[1].breaker, BreakerState::open);
  EXPECT_EQ(all[1].last_failure.code, Errc::unavailable);
  EXPECT_EQ(all[1].last_failure_at, began);
  auto text = registry.text();
  EXPECT_NE(text.find("parley_resilience_breaker_state{service=\"vendor\"} 1"), std::string::npos);
  EXPECT_NE(text.find("parley_resilience_calls_total{outcome=\"failed\",service=\"vendor\"} 1"),
            std::string::npos)
      << text;
  ASSERT_TRUE(policies.reset("vendor"));
  EXPECT_EQ(shot().breaker, BreakerState::closed);
  service.answers = {Result<int>(1)};
  EXPECT_TRUE(run());
  auto typo = policies.reset("vendr");
  EXPECT_EQ(typo.error().code, Errc::not_found);
  EXPECT_NE(typo.error().detail.find("did you mean 'vendor'?"), std::string::npos);
}

}  // namespace
}  // namespace parley::resilience
