#include "redis_fixture.hpp"

namespace parley::providers::redis {
namespace {

class RedisBucketsTest : public RedisTest {
 protected:
  using Level = resilience::SharedBuckets::Level;
  Result<Level> take(Node& node, resilience::SharedBuckets::Bucket bucket) {
    return world.run([&] { return node.buckets->take(world.context, bucket); });
  }
};

TEST_F(RedisBucketsTest, FullAtFirstThenAsFastAsTheRate) {
  Node node(world, address());
  node.until_well();
  for (int left = 2; left >= 0; --left) {
    auto level = take(node, {"k", 20, 3});
    ASSERT_TRUE(level) << level.error().detail;
    EXPECT_TRUE(level->taken);
    EXPECT_EQ(level->remaining, left);
  }
  // One comes back every 50 ms.
  auto began = world.clock.now();
  auto level = take(node, {"k", 20, 3});
  while (!level->taken) {
    EXPECT_GT(level->until_next, 0s);
    EXPECT_LE(level->until_next, 50ms);
    EXPECT_LE(level->until_full, 150ms);
    level = take(node, {"k", 20, 3});
  }
  EXPECT_GE(world.clock.now() - began, 20ms);
  EXPECT_TRUE(take(node, {"another", 20, 3})->taken) << "each key has its own";
}

TEST_F(RedisBucketsTest, TwoNodesTogetherNeverHaveMoreThanTheBurst) {
  Node one(world, address());
  Node two(world, address());
  one.until_well();
  two.until_well();
  // A token comes back every 1,000 seconds.
  resilience::SharedBuckets::Bucket bucket{"client", 0.001, 50};
  int taken[2] = {0, 0};
  int ended = 0;
  for (int i = 0; i < 8; ++i) {
    auto ask = [&, i]() -> asio::awaitable<void> {
      auto& node = i % 2 == 0 ? one : two;
      for (int n = 0; n < 25; ++n) {
        auto asking = node.buckets->take(world.context, bucket);
        auto level = co_await std::move(asking);
        if (level && level->taken) ++taken[i % 2];
      }
    };
    asio::co_spawn(world.io, ask, [&](std::exception_ptr) { ++ended; });
  }
  world.until([&] { return ended == 8; });
  EXPECT_EQ(taken[0] + taken[1], 50);
  EXPECT_GT(taken[0], 0);
  EXPECT_GT(taken[1], 0);
}

TEST_F(RedisBucketsTest, AServicesLimitIsSharedAndGoesOnAloneWithoutRedis) {
  Node one(world, address());
  Node two(world, address());
  one.until_well();
  two.until_well();
  resilience::SharedTokenBucket mine(*one.buckets, world.clock, "service", 1, 10);
  resilience::SharedTokenBucket theirs(*two.buckets, world.clock, "service", 1, 10);
  auto taken = [&](resilience::SharedTokenBucket& limiter, int times) {
    int many = 0;
    for (int i = 0; i < times; ++i)
      if (world.run([&] { return limiter.take(world.context); })) ++many;
    return many;
  };
  EXPECT_EQ(taken(mine, 7), 7);
  EXPECT_EQ(taken(theirs, 7), 3) << "ten for both";
  auto refused = world.run([&] { return theirs.take(world.context); });
  EXPECT_EQ(refused.error().code, Errc::rate_limited);
  EXPECT_GT(refused.error().retry_after, 1s);
  server.crash();
  one.until_degraded();
  EXPECT_EQ(taken(mine, 7), 3) << "what it used itself is not forgotten";
}

TEST_F(RedisBucketsTest, ARestartedRedisLearnsTheScriptAgain) {
  Node node(world, address());
  node.until_well();
  ASSERT_TRUE(take(node, {"k", 1, 3}));
  server.crash();
  node.until_degraded();
  auto away = take(node, {"k", 1, 3});
  EXPECT_EQ(away.error().code, Errc::unavailable);
  server.start();
  node.until_well();
  auto level = take(node, {"k", 1, 3});
  ASSERT_TRUE(level) << level.error().detail;
  EXPECT_TRUE(level->taken);
}

TEST_F(RedisBucketsTest, FullBucketsAreForgotten) {
  Node node(world, address());
  node.until_well();
  ASSERT_TRUE(take(node, {"k", 1, 3}));
  auto life = command(node, {"PTTL", "parley:bucket:k"});
  EXPECT_GT(life->integer, 0);
  EXPECT_LE(life->integer, 2000);
  EXPECT_EQ(take(node, {"", 1, 3}).error().code, Errc::invalid);
  EXPECT_EQ(take(node, {"k", 0, 3}).error().code, Errc::invalid);
  EXPECT_EQ(take(node, {"k", 1, 0}).error().code, Errc::invalid);
}

}  // namespace
}  // namespace parley::providers::redis
