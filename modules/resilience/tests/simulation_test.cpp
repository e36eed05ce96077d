// Hours of calls to a service with faults from a seed, in virtual time.
#include <cstdlib>
#include <iostream>
#include <random>

#include "policy_fixture.hpp"

namespace parley::resilience {
namespace {

/// What a service can do to a call, and whether the call took effect.
struct FaultyService {
  Clock& clock;
  Random& random;
  int percent_faulty = 0;
  int most_running = 0;
  int running = 0;
  int attempts = 0;

  Task<void> call(int& effects) {
    ++attempts;
    most_running = std::max(most_running, ++running);
    struct Leave {
      int& running;
      ~Leave() { --running; }
    } leave{running};
    auto latency = clock.sleep_for(std::chrono::milliseconds(random.next_u64() % 400));
    co_await std::move(latency);
    if (random.next_u64() % 100 >= static_cast<std::uint64_t>(percent_faulty)) {
      ++effects;
      co_return Result<void>{};
    }
    switch (random.next_u64() % 7) {
      case 0:
        co_return fail(Errc::unavailable, "refused");
      case 1:
        co_return fail(Errc::timeout, "nothing sent");
      case 2:
        co_return std::unexpected(Error{Errc::rate_limited, "429", 700ms});
      case 3:
        effects += static_cast<int>(random.next_u64() % 2);
        co_return fail(Errc::outcome_unknown, "cut");
      case 4:
        effects += static_cast<int>(random.next_u64() % 2);
        co_return fail(Errc::corrupt, "garbage");
      case 5:
        co_return fail(Errc::not_found, "no such thing");
      default: {
        effects += static_cast<int>(random.next_u64() % 2);
        auto hang = clock.sleep_for(10min);
        co_await std::move(hang);
        co_return Result<void>{};
      }
    }
  }
};

struct Simulation {
  explicit Simulation(std::uint64_t seed) : world(seed) {
    PolicyOptions options;
    options.attempt_timeout = 2s;
    options.total_timeout = 8s;
    options.bulkhead = {.max_running = 5, .max_waiting = 10, .longest_wait = 1s};
    options.hedge_after = 300ms;
    options.rate = {.per_minute = 1200, .burst = 20};
    policy = &policies.add("vendor", options);
  }

  asio::awaitable<void> one_call(Repeat repeat) {
    int effects = 0;
    auto work =
        policy->run(Context{}, {"thing", repeat}, [&](Context) { return service.call(effects); });
    auto outcome = co_await std::move(work);
    ++ended;
    EXPECT_LE(world.elapsed(), 24h);
    if (repeat == Repeat::safe) co_return;
    EXPECT_LE(effects, 1) << "an effect happened twice";
    if (outcome) EXPECT_EQ(effects, 1) << "success without its effect";
    if (!outcome && outcome.error().code != Errc::outcome_unknown &&
        outcome.error().code != Errc::corrupt)
      EXPECT_EQ(effects, 0) << "an effect that the caller does not know of";
  }

  void phase(int percent_faulty, int calls) {
    service.percent_faulty = percent_faulty;
    for (int i = 0; i < calls; ++i) {
      auto repeat = world.random().next_u64() % 2 ? Repeat::safe : Repeat::unsafe;
      asio::co_spawn(world.io(), one_call(repeat), asio::detached);
      ++begun;
      world.run_for(std::chrono::milliseconds(world.random().next_u64() % 200));
      auto shot = policy->snapshot();
      ASSERT_LE(shot.running, 5);
      ASSERT_LE(shot.waiting, 10);
    }
  }

  testkit::SimWorld world;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer{world.clock(), world.random(), sink};
  Policies policies{world.clock(), world.random(), registry, tracer};
  FaultyService service{world.clock(), world.random()};
  Policy* policy = nullptr;
  int begun = 0;
  int ended = 0;
};

void simulate(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  ASSERT_TRUE(log::configure({.level = log::Level::error}));
  Simulation sim(seed);
  for (int round = 0; round < 5; ++round) {
    auto percent = static_cast<int>(sim.world.random().next_u64() % 101);
    sim.phase(percent, 200);
    if (::testing::Test::HasFatalFailure()) return;
  }
  sim.phase(100, 100);
  // It recovers by itself: the service is back, the breaker finds out.
  sim.world.run_for(1min);
  sim.phase(0, 20);
  sim.world.run_for(1min);
  auto before = sim.policy->snapshot().totals;
  sim.phase(0, 50);
  sim.world.run_for(1min);
  auto shot = sim.policy->snapshot();
  EXPECT_EQ(shot.totals.succeeded - before.succeeded, 50);
  EXPECT_EQ(shot.breaker, BreakerState::closed);
  EXPECT_EQ(sim.ended, sim.begun) << "a call that never ended";
  EXPECT_EQ(shot.running, 0);
  EXPECT_EQ(shot.waiting, 0);
  EXPECT_EQ(sim.service.running, 0);
  EXPECT_LE(sim.service.most_running, 5);
  auto extra = shot.totals.retries + shot.totals.hedges;
  EXPECT_LE(extra, 10 + sim.begun / 5) << "retries beyond their budget";
  auto sum = shot.totals.succeeded + shot.totals.caller_errors + shot.totals.failed;
  EXPECT_LE(sum, sim.begun);
  EXPECT_LE(sim.service.attempts, sum + extra);
}

TEST(PolicySimulation, FixedSeeds) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) simulate(seed);
}

TEST(PolicySimulation, NewSeeds) {
  for (int i = 0; i < 3; ++i) {
    auto seed = static_cast<std::uint64_t>(std::random_device{}());
    std::cout << "seed " << seed << '\n';
    simulate(seed);
  }
}

}  // namespace
}  // namespace parley::resilience
