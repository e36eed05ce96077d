// Bulkhead, rate limiter and hedging.
#include <thread>

#include "policy_fixture.hpp"

namespace parley::resilience {
namespace {

struct LimitsTest : PolicyTest {
  static PolicyOptions calm() {
    PolicyOptions options;
    options.breaker.failure_percent = 0;
    options.retry.attempts = 1;
    return options;
  }
};

TEST_F(LimitsTest, TheBulkheadBoundsWhatRunsAndWhatWaits) {
  auto options = calm();
  options.bulkhead = {.max_running = 2, .max_waiting = 2, .longest_wait = 10s};
  with(options);
  service.takes = {3s};
  std::optional<Result<int>> calls[5];
  for (auto& call : calls) start(call);
  world.run_for(0s);
  EXPECT_EQ(shot().running, 2);
  EXPECT_EQ(shot().waiting, 2);
  ASSERT_TRUE(calls[4]) << "the fifth is refused at once";
  EXPECT_EQ(calls[4]->error().code, Errc::rate_limited);
  world.run_for(3s);
  EXPECT_TRUE(calls[0] && calls[1]);
  EXPECT_FALSE(calls[2] || calls[3]);
  world.run_for(3s);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(calls[i]->value(), 1);
  EXPECT_EQ(service.most_running, 2);
  EXPECT_EQ(shot().running, 0);
  EXPECT_NE(registry.text().find(
                "parley_resilience_calls_total{outcome=\"refused_full\",service=\"vendor\"} 1"),
            std::string::npos);
}

TEST_F(LimitsTest, NobodyWaitsLongerThanSaid) {
  auto options = calm();
  options.bulkhead = {.max_running = 1, .max_waiting = 5, .longest_wait = 2s};
  with(options);
  service.takes = {5s};
  std::optional<Result<int>> first, second;
  start(first);
  start(second);
  world.run_for(2s);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->error().code, Errc::rate_limited);
  EXPECT_EQ(shot().waiting, 0);
  world.run_for(3s);
  EXPECT_TRUE(first && *first);
  EXPECT_TRUE(run()) << "the place was not lost";
}

TEST_F(LimitsTest, APlaceThatComesAtTheLastMomentIsNotLost) {
  auto options = calm();
  options.bulkhead = {.max_running = 1, .max_waiting = 5, .longest_wait = 2s};
  with(options);
  service.takes = {2s, 0s};
  std::optional<Result<int>> first, second;
  start(first);
  start(second);
  world.run_for(10s);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(shot().running, 0) << "granted and timed out in the same moment";
  EXPECT_TRUE(run());
}

TEST_F(LimitsTest, TheRateLimiterLetsABurstThroughAndThenSpreads) {
  auto options = calm();
  options.rate = {.per_minute = 60, .burst = 2};
  options.bulkhead.longest_wait = 1500ms;
  with(options);
  std::optional<Result<int>> calls[4];
  for (auto& call : calls) start(call);
  world.run_for(0s);
  EXPECT_EQ(service.attempts, 2);
  world.run_for(1s);
  EXPECT_EQ(service.attempts, 3);
  world.run_for(2s);
  int refused = 0;
  for (auto& call : calls)
    if (call && !*call) {
      ++refused;
      EXPECT_EQ(call->error().code, Errc::rate_limited);
      EXPECT_GT(call->error().retry_after, 0ms);
    }
  EXPECT_EQ(refused, 1) << "its token would have come after two seconds";
  EXPECT_EQ(service.attempts, 3);
}

TEST_F(LimitsTest, TheRateHoldsOverALongTime) {
  auto options = calm();
  options.rate = {.per_minute = 120, .burst = 5};
  options.bulkhead = {.max_running = 10, .max_waiting = 1000, .longest_wait = 1h};
  options.total_timeout = 1h;
  with(options);
  std::vector<std::optional<Result<int>>> calls(245);
  for (auto& call : calls) start(call);
  world.run_for(60s);
  EXPECT_GE(service.attempts, 120);
  EXPECT_LE(service.attempts, 125);
  world.run_for(60s);
  EXPECT_EQ(service.attempts, 245);
}

TEST_F(LimitsTest, ALimiterThatIsAwayDoesNotStopCalls) {
  struct Away final : RateLimiter {
    Task<void> take(Context) override { co_return fail(Errc::unavailable, "no Redis"); }
    void reset() override {}
  };
  policy = &policies.add("vendor", calm(), std::make_unique<Away>());
  EXPECT_TRUE(run());
}

TEST_F(LimitsTest, ASlowReadGetsASecondAttemptBesideIt) {
  auto options = calm();
  options.hedge_after = 1s;
  with(options);
  service.takes = {5s, 500ms};
  service.answers = {Result<int>(1), Result<int>(2)};
  EXPECT_EQ(run(Repeat::safe).value(), 2);
  EXPECT_EQ(world.elapsed(), 1500ms);
  EXPECT_EQ(service.running, 0) << "the slow one was cancelled";
  EXPECT_EQ(shot().running, 0);
  EXPECT_EQ(shot().totals.hedges, 1);
}

TEST_F(LimitsTest, AnEffectIsNeverHedged) {
  auto options = calm();
  options.hedge_after = 1s;
  with(options);
  service.takes = {5s, 0s};
  EXPECT_EQ(run(Repeat::unsafe).value(), 1);
  EXPECT_EQ(service.attempts, 1);
}

TEST_F(LimitsTest, AFailedHedgeLeavesItToTheOther) {
  auto options = calm();
  options.hedge_after = 1s;
  with(options);
  service.takes = {5s, 500ms};
  service.answers = {Result<int>(1), fail(Errc::unavailable, "the second")};
  EXPECT_EQ(run(Repeat::safe).value(), 1);
  EXPECT_EQ(world.elapsed(), 5s);
  service.attempts = 0;
  service.takes = {2s, 3s};
  service.answers = {fail(Errc::unavailable, "the first"), Result<int>(2)};
  EXPECT_EQ(run(Repeat::safe).value(), 2);
  service.attempts = 0;
  service.answers = {fail(Errc::unavailable, "both")};
  EXPECT_EQ(run(Repeat::safe).error().code, Errc::unavailable);
  EXPECT_EQ(service.attempts, 2);
}

TEST_F(LimitsTest, AFastFailureIsNotHedged) {
  auto options = calm();
  options.hedge_after = 1s;
  with(options);
  service.fail_with(Errc::unavailable);
  EXPECT_FALSE(run(Repeat::safe));
  EXPECT_EQ(service.attempts, 1);
  EXPECT_EQ(world.elapsed(), 0s);
}

TEST_F(LimitsTest, HedgesNeedBudgetAndAFreePlace) {
  auto options = calm();
  options.hedge_after = 1s;
  options.bulkhead.max_running = 1;
  with(options);
  service.takes = {3s};
  EXPECT_EQ(run(Repeat::safe).value(), 1);
  EXPECT_EQ(service.attempts, 1) << "no place beside the first";
}

/// Places wander between threads without being lost or doubled.
TEST(BulkheadThreads, NeverMoreThanSaidAndNobodyForgotten) {
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer(clock, random, sink);
  Policies policies(clock, random, registry, tracer);
  auto& policy = policies.add(
      "vendor", {.bulkhead = {.max_running = 3, .max_waiting = 10'000, .longest_wait = 60s}});
  std::atomic<int> running = 0, most = 0, done = 0, wrong = 0;
  auto caller = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 50; ++i) {
      auto work = policy.run(Context{}, {"thing"}, [&](Context) -> Task<void> {
        auto now = ++running;
        auto seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        --running;
        co_return Result<void>{};
      });
      auto outcome = co_await std::move(work);
      outcome ? ++done : ++wrong;
    }
  };
  constexpr int threads = 4, callers = 8;
  std::vector<std::jthread> pool;
  for (int t = 0; t < threads; ++t)
    pool.emplace_back([&] {
      asio::io_context io(1);
      for (int c = 0; c < callers; ++c) asio::co_spawn(io, caller(), asio::detached);
      io.run();
    });
  pool.clear();
  EXPECT_EQ(done, threads * callers * 50);
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(most, 3);
  EXPECT_EQ(policy.snapshot().running, 0);
}

}  // namespace
}  // namespace parley::resilience
