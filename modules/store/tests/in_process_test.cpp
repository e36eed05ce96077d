#include "parley/testkit/conformance/cache.hpp"
#include "parley/testkit/conformance/pubsub.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::testkit {

namespace {

struct MemoryCacheRig final : CacheRig {
  store::Cache& cache() override { return *made; }
  std::unique_ptr<store::Cache> made = store::make_memory_cache(world.clock);
};
std::unique_ptr<CacheRig> make_cache() { return std::make_unique<MemoryCacheRig>(); }

struct LocalPubSubRig final : PubSubRig {
  store::PubSub& pubsub() override { return made; }
  void stop() override { made.stop(); }
  store::LocalPubSub made{world.clock};
};
std::unique_ptr<PubSubRig> make_pubsub() { return std::make_unique<LocalPubSubRig>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(InProcess, CacheConformance, ::testing::Values(&make_cache));
INSTANTIATE_TEST_SUITE_P(InProcess, PubSubConformance, ::testing::Values(&make_pubsub));

namespace {

class MemoryCacheTest : public ::testing::Test {
 protected:
  void set(store::Cache& cache, std::string key, std::string value, Duration ttl = 1h) {
    ASSERT_TRUE(world.run([&] { return cache.set(world.context(), key, value, ttl); }));
  }
  std::optional<std::string> get(store::Cache& cache, std::string key) {
    return world.run([&] { return cache.get(world.context(), key); }).value();
  }
  SimWorld world;
};

TEST_F(MemoryCacheTest, WhatWasUsedLongestAgoGoesWhenItIsFull) {
  auto cache = store::make_memory_cache(world.clock(), {.max_entries = 2});
  set(*cache, "a", "1");
  set(*cache, "b", "2");
  EXPECT_EQ(get(*cache, "a"), "1");
  set(*cache, "c", "3");
  EXPECT_EQ(get(*cache, "a"), "1");
  EXPECT_EQ(get(*cache, "b"), std::nullopt);
  EXPECT_EQ(get(*cache, "c"), "3");
}

TEST_F(MemoryCacheTest, ItsBytesAreBoundedToo) {
  auto cache = store::make_memory_cache(world.clock(), {.max_bytes = 10});
  set(*cache, "a", "1234");
  set(*cache, "b", "1234");
  set(*cache, "c", "1");
  EXPECT_EQ(get(*cache, "a"), std::nullopt);
  EXPECT_EQ(get(*cache, "b"), "1234");
  // What can never fit is not kept, and drives nothing else out.
  set(*cache, "d", "1234567890");
  EXPECT_EQ(get(*cache, "d"), std::nullopt);
  EXPECT_EQ(get(*cache, "c"), "1");
}

TEST_F(MemoryCacheTest, ItEndsExactlyWhenItsTimeIsOver) {
  auto cache = store::make_memory_cache(world.clock());
  set(*cache, "a", "1", 10s);
  set(*cache, "forever", "1", Duration::max());
  world.run_for(10s - 1ms);
  EXPECT_EQ(get(*cache, "a"), "1");
  world.run_for(1ms);
  EXPECT_EQ(get(*cache, "a"), std::nullopt);
  EXPECT_EQ(get(*cache, "forever"), "1");
}

}  // namespace
}  // namespace parley::testkit
