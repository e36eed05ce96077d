#include "parley/testkit/conformance/cache.hpp"
#include "parley/testkit/conformance/pubsub.hpp"
#include "redis_fixture.hpp"

namespace parley::testkit {

namespace {

struct RedisCacheRig final : CacheRig {
  RedisCacheRig() { node.until_well(); }
  store::Cache& cache() override { return *node.cache; }
  RedisServer server;
  providers::redis::Node node{world, providers::redis::Address::parse(server.url()).value()};
};
std::unique_ptr<CacheRig> make_cache() { return std::make_unique<RedisCacheRig>(); }

struct RedisPubSubRig final : PubSubRig {
  RedisPubSubRig() { node.until_well(); }
  store::PubSub& pubsub() override { return node.pubsub; }
  void stop() override {
    world.run([this]() -> Task<void> {
      auto ending = node.pubsub.stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  RedisServer server;
  providers::redis::Node node{world, providers::redis::Address::parse(server.url()).value()};
};
std::unique_ptr<PubSubRig> make_pubsub() { return std::make_unique<RedisPubSubRig>(); }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Redis, CacheConformance, ::testing::Values(&make_cache));
INSTANTIATE_TEST_SUITE_P(Redis, PubSubConformance, ::testing::Values(&make_pubsub));

}  // namespace parley::testkit
