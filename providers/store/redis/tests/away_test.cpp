// Redis is away for a minute, or there and silent: the server goes on.
#include "redis_fixture.hpp"

namespace parley::providers::redis {
namespace {

class RedisAwayTest : public RedisTest {
 protected:
  using Value = std::optional<std::string>;
  void set(Node& node, const std::string& key, const std::string& value) {
    ASSERT_TRUE(world.run([&] { return node.cache->set(world.context, key, value, 1h); }));
  }
  Value get(Node& node, const std::string& key) {
    return world.run([&] { return node.cache->get(world.context, key); }).value();
  }
  void remove(Node& node, const std::string& key) {
    ASSERT_TRUE(world.run([&] { return node.cache->remove(world.context, key); }));
  }
  std::unique_ptr<store::Subscriber> subscribe(Node& node, const std::string& channel) {
    return std::move(*world.run([&] { return node.pubsub.subscribe(world.context, channel); }));
  }
  Result<void> publish(Node& node, const std::string& payload) {
    return world.run([&] { return node.pubsub.publish(world.context, "calls", payload); });
  }
  store::Notice next(store::Subscriber& subscriber) {
    return world.run([&] { return subscriber.next(); }).value();
  }
  static store::Notice message(std::string payload) {
    return {store::Notice::Kind::message, "calls", std::move(payload)};
  }
  static store::Notice gap() { return {store::Notice::Kind::gap, "calls", ""}; }
};

TEST_F(RedisAwayTest, TheCacheGoesOnAndComesBackByItself) {
  Node node(world, address());
  node.until_well();
  set(node, "before", "1");
  server.crash();
  node.until_degraded();
  EXPECT_FALSE(node.cache->condition().reason.empty());
  EXPECT_EQ(get(node, "before"), std::nullopt) << "a cache that is away has forgotten";
  set(node, "meanwhile", "2");
  EXPECT_EQ(get(node, "meanwhile"), "2");
  EXPECT_EQ(world.run([&] { return node.cache->add(world.context, "mark", "", 1h); }), true);
  EXPECT_EQ(world.run([&] { return node.cache->add(world.context, "mark", "", 1h); }), false);
  server.start();
  node.until_well();
  EXPECT_TRUE(node.cache->condition().well());
  set(node, "after", "3");
  EXPECT_EQ(get(node, "after"), "3");
  EXPECT_NE(node.metrics().find("parley_redis_connections_lost_total{connection=\"commands\"} 1"),
            std::string::npos);
}

TEST_F(RedisAwayTest, WhatWasRemovedMeanwhileIsNotFoundAgain) {
  Node node(world, address(), Node::impatient());
  Node other(world, address());
  node.until_well();
  other.until_well();
  set(node, "removed", "old");
  set(node, "written", "old");
  set(node, "kept", "old");
  // Redis keeps what it has, and cannot be reached.
  server.freeze();
  remove(node, "removed");
  set(node, "written", "new");
  EXPECT_EQ(get(node, "removed"), std::nullopt);
  EXPECT_EQ(get(node, "written"), "new");
  node.until_degraded();
  server.go_on();
  node.until_well();
  EXPECT_EQ(get(node, "removed"), std::nullopt);
  EXPECT_NE(get(node, "written"), "old");
  EXPECT_EQ(get(node, "kept"), "old");
  EXPECT_EQ(get(other, "removed"), std::nullopt);
  EXPECT_NE(get(other, "written"), "old");
}

TEST_F(RedisAwayTest, NobodyWaitsLongerThanTheSmallTimeout) {
  auto options = Node::impatient();
  options.patience = 30s;  // the connection is kept, and silent
  Node node(world, address(), options);
  node.until_well();
  server.freeze();
  auto began = world.clock.now();
  EXPECT_EQ(get(node, "k"), std::nullopt);
  EXPECT_GE(world.clock.now() - began, 50ms);
  // One has found out; the others do not wait at all.
  auto sent = node.metrics();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get(node, "k"), std::nullopt);
  auto text = node.metrics();
  EXPECT_NE(text.find("parley_redis_commands_total{outcome=\"timeout\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("parley_redis_commands_total{outcome=\"unavailable\"} 100\n"),
            std::string::npos);
  EXPECT_EQ(node.client.condition().reason, "Redis does not answer");
  // The answer that was given up is none of the next question's.
  server.go_on();
  world.until([&] { return node.client.condition().well(); });
  set(node, "k", "v");
  EXPECT_EQ(get(node, "k"), "v");
}

TEST_F(RedisAwayTest, ASilentConnectionIsGivenUp) {
  Node node(world, address(), Node::impatient());
  node.until_well();
  server.freeze();
  // Nobody asks anything; it is found out all the same.
  node.until_degraded();
  world.until([&] {
    return node.metrics().find(
               "parley_redis_connections_lost_total{connection=\"subscriptions\"} 1") !=
           std::string::npos;
  });
  server.go_on();
  node.until_well();
}

TEST_F(RedisAwayTest, NodesHearEachOther) {
  Node one(world, address());
  Node two(world, address());
  one.until_well();
  two.until_well();
  auto here = subscribe(one, "calls");
  auto there = subscribe(two, "calls");
  ASSERT_TRUE(publish(one, "from one"));
  ASSERT_TRUE(publish(two, "from two"));
  // Of one publisher they come in order; between two, one's own may be first.
  const std::set<std::string> both{"from one", "from two"};
  for (auto* listener : {&*here, &*there}) {
    std::set<std::string> heard{next(*listener).payload, next(*listener).payload};
    EXPECT_EQ(heard, both) << "each once";
  }
}

TEST_F(RedisAwayTest, SubscriptionsAreRestoredAndTheGapIsTold) {
  Node one(world, address());
  Node two(world, address());
  one.until_well();
  two.until_well();
  auto there = subscribe(two, "calls");
  server.crash();
  one.until_degraded();
  two.until_degraded();
  auto missed = publish(one, "missed");
  EXPECT_EQ(missed.error().code, Errc::unavailable);
  auto meanwhile = subscribe(two, "calls");
  EXPECT_EQ(publish(two, "own").error().code, Errc::unavailable);
  EXPECT_EQ(next(*there), message("own")) << "within a node nothing is lost";
  EXPECT_EQ(next(*meanwhile), message("own"));
  server.start();
  EXPECT_EQ(next(*there), gap());
  EXPECT_EQ(next(*meanwhile), gap());
  one.until_well();
  two.until_well();
  ASSERT_TRUE(publish(one, "after"));
  // Another gap may have been told by the node that could not publish.
  auto heard = next(*there);
  while (heard == gap()) heard = next(*there);
  EXPECT_EQ(heard, message("after"));
}

TEST_F(RedisAwayTest, WhoCouldNotPublishTellsTheOthers) {
  Node one(world, address());
  Node two(world, address());
  one.until_well();
  two.until_well();
  auto there = subscribe(two, "calls");
  // Only this node's connection breaks; the listener's stays.
  ASSERT_TRUE(command(two, {"CLIENT", "PAUSE", "300", "WRITE"}, Client::Effect::some));
  auto hurried = world.context.until(world.clock.now() + 20ms);
  auto late = world.run([&] { return one.pubsub.publish(hurried, "calls", "perhaps"); });
  EXPECT_EQ(late.error().code, Errc::outcome_unknown);
  auto heard = next(*there);
  if (heard == message("perhaps")) heard = next(*there);
  EXPECT_EQ(heard, gap());
}

}  // namespace
}  // namespace parley::providers::redis
