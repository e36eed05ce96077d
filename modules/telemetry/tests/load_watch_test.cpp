#include "parley/telemetry/load_watch.hpp"

#include <gmock/gmock.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <latch>
#include <thread>

#include "parley/testkit/sim_world.hpp"

namespace parley {
namespace {

struct LoadWatchTest : ::testing::Test {
  /// The loop runs nothing for `length`, again and again, for `times`.
  void stall(Duration length, int times) {
    for (int i = 0; i < times; ++i) {
      world.clock().advance_to(world.clock().now() + length);
      world.run_for(1s - length);
    }
  }
  void stop() {
    world.run([&]() -> Task<void> {
      co_await tasks.stop();
      co_return Result<void>{};
    });
  }

  testkit::SimWorld world;
  metrics::Registry registry;
  TaskGroup tasks{world.executor()};
  LoadWatch load{world.clock(), registry};
};

TEST_F(LoadWatchTest, ALoopThatKeepsUpIsNormal) {
  load.watch(tasks, world.executor(), "core-0");
  world.run_for(60s);
  EXPECT_EQ(load.load(), Load::normal);
  EXPECT_TRUE(load.condition().well());
  stop();
}

TEST_F(LoadWatchTest, OneLateSecondStrainsThreeOverloadAndFiveCalmOnesEndIt) {
  load.watch(tasks, world.executor(), "core-0");
  world.run_for(1s);
  stall(300ms, 1);
  world.run_for(100ms);
  EXPECT_EQ(load.load(), Load::strained);
  EXPECT_FALSE(load.overloaded());

  stall(300ms, 3);
  EXPECT_EQ(load.load(), Load::overloaded);
  auto condition = load.condition();
  EXPECT_FALSE(condition.well());
  EXPECT_THAT(condition.reason, ::testing::HasSubstr("core-0 ran up to 29"));

  world.run_for(4s);
  EXPECT_TRUE(load.overloaded()) << "it ends when it is surely over";
  world.run_for(2s);
  EXPECT_EQ(load.load(), Load::normal);
  EXPECT_TRUE(load.condition().well());
  stop();
}

TEST_F(LoadWatchTest, LateSecondsThatAreNotInARowOnlyStrain) {
  load.watch(tasks, world.executor(), "core-0");
  for (int i = 0; i < 10; ++i) {
    stall(300ms, 2);
    world.run_for(2s);
    EXPECT_EQ(load.load(), Load::strained);
  }
  stop();
}

TEST_F(LoadWatchTest, LatenessWithinTheBoundIsNone) {
  load.watch(tasks, world.executor(), "core-0");
  stall(150ms, 30);
  EXPECT_EQ(load.load(), Load::normal);
  stop();
}

TEST_F(LoadWatchTest, TheWorstLoopCounts) {
  load.watch(tasks, world.executor(), "core-0");
  asio::io_context other(1);
  TaskGroup others(other.get_executor());
  load.watch(others, other.get_executor(), "core-1");
  other.poll();
  ASSERT_EQ(load.load(), Load::normal);
  world.run_for(4s);  // in which the other loop, with the same clock, runs nothing
  EXPECT_TRUE(load.overloaded());
  EXPECT_THAT(load.condition().reason, ::testing::HasSubstr("core-1"));
  stop();
  auto stopping = asio::co_spawn(other, others.stop(), asio::use_future);
  other.restart();
  other.run();
  stopping.get();
}

TEST_F(LoadWatchTest, WithoutABoundNothingIsTooLate) {
  LoadWatch never(world.clock(), registry, {.bound = Duration::zero()});
  never.watch(tasks, world.executor(), "core-0");
  stall(900ms, 10);
  EXPECT_EQ(never.load(), Load::normal);
  stop();
}

/// A loop of real time that somebody holds up, and lets go.
TEST(LoadOfARealLoop, IsSeenWhileItStandsStillAndEndsByItself) {
  SystemClock clock;
  metrics::Registry registry;
  asio::io_context io(1);
  TaskGroup tasks(io.get_executor());
  LoadWatch load(clock, registry,
                 {.bound = 30s,  // of the time it stands still alone
                  .sustained = 50ms,
                  .recovery = 50ms,
                  .interval = 1ms,
                  .second = 10ms});
  load.watch(tasks, io.get_executor(), "core-0");
  auto guard = asio::make_work_guard(io);
  std::jthread loop([&] { io.run(); });
  while (load.load() != Load::normal) std::this_thread::yield();

  std::latch held(1), let_go(1);
  asio::post(io, [&] {
    held.count_down();
    let_go.wait();
  });
  held.wait();
  while (!load.overloaded()) std::this_thread::yield();
  EXPECT_THAT(load.condition().reason, ::testing::HasSubstr("core-0"));
  let_go.count_down();
  while (load.overloaded()) std::this_thread::yield();

  auto stopping = asio::co_spawn(io, tasks.stop(), asio::use_future);
  stopping.get();
  guard.reset();
}

}  // namespace
}  // namespace parley
