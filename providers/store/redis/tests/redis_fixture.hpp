#pragma once
#include <gtest/gtest.h>

#include "parley/providers/redis/adapters.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/real_world.hpp"
#include "parley/testkit/redis_server.hpp"

namespace parley::providers::redis {

/// One node: a client and what is made of it, upon the world's loop.
struct Node {
  Node(testkit::RealWorld& w, Address address, Options options = patient())
      : world(w),
        parts{w.io.get_executor(), w.clock, w.random, registry},
        client(parts, address, options),
        pubsub(parts, address, client, options),
        cache(make_cache(client, w.clock)),
        buckets(make_buckets(client)) {
    client.start();
    pubsub.start();
  }
  ~Node() {
    world.run([this]() -> Task<void> {
      auto one = pubsub.stop();
      co_await std::move(one);
      auto two = client.stop();
      co_await std::move(two);
      co_return Result<void>{};
    });
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// A busy machine may be slow; tests of what is too slow choose their own.
  static Options patient() {
    Options options;
    options.command_timeout = 10s;
    options.patience = 10s;
    options.longest_pause = 100ms;
    return options;
  }
  static Options impatient() {
    auto options = patient();
    options.command_timeout = 50ms;
    options.patience = 400ms;
    options.ping_every = 400ms;
    return options;
  }
  void until_well() {
    world.until([this] { return pubsub.condition().well(); });
  }
  void until_degraded() {
    world.until([this] { return !client.condition().well() && !pubsub.condition().well(); });
  }
  std::string metrics() const { return registry.text(); }

  testkit::RealWorld& world;
  metrics::Registry registry;
  Parts parts;
  Client client;
  RedisPubSub pubsub;
  std::unique_ptr<store::Cache> cache;
  std::unique_ptr<resilience::SharedBuckets> buckets;
};

class RedisTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.level = log::Level::off})); }
  Address address() const { return Address::parse(server.url()).value(); }
  Result<Reply> command(Node& node, std::vector<std::string> words,
                        Client::Effect effect = Client::Effect::none) {
    return world.run([&] { return node.client.command(world.context, words, effect); });
  }

  testkit::RedisServer server;
  testkit::RealWorld world;
};

}  // namespace parley::providers::redis
