#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>

#include "parley/testkit/free_port.hpp"
#include "parley/testkit/tls_certificate.hpp"
#include "redis_fixture.hpp"

namespace parley::providers::redis {
namespace {

TEST(RedisAddress, SaysWhereWhoAndWhichDatabase) {
  auto full = Address::parse("redis://me:p%40ss@cache.example.com:6380/3");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "cache.example.com");
  EXPECT_EQ(full->port, "6380");
  EXPECT_EQ(full->user, "me");
  EXPECT_EQ(full->password, "p@ss");
  EXPECT_EQ(full->database, 3);
  EXPECT_EQ(full->transport, Address::Transport::plain);
  auto secure = Address::parse("rediss://:secret@[::1]");
  ASSERT_TRUE(secure);
  EXPECT_EQ(secure->host, "::1");
  EXPECT_EQ(secure->port, "6379");
  EXPECT_EQ(secure->user, "");
  EXPECT_EQ(secure->password, "secret");
  EXPECT_EQ(secure->transport, Address::Transport::tls);
  for (auto wrong : {"", "redis://", "http://host", "redis://host/one", "redis://host/-1",
                     "redis://:secret@host/0x"}) {
    auto parsed = Address::parse(wrong);
    ASSERT_FALSE(parsed) << wrong;
    EXPECT_EQ(parsed.error().code, Errc::invalid);
    EXPECT_EQ(parsed.error().detail.find("secret"), std::string::npos);
  }
}

class RedisClientTest : public RedisTest {};

TEST_F(RedisClientTest, AnswersOfAllKinds) {
  Node node(world, address());
  node.until_well();
  EXPECT_EQ(command(node, {"ECHO", "a\r\nb"})->text, "a\r\nb");
  EXPECT_EQ(command(node, {"GET", "nothing"})->kind, Reply::Kind::nil);
  EXPECT_EQ(command(node, {"INCR", "n"}, Client::Effect::some)->integer, 1);
  auto list = command(node, {"EVAL", "return {1,'two',{3}}", "0"});
  ASSERT_EQ(list->items.size(), 3u);
  EXPECT_EQ(list->items[1].text, "two");
  EXPECT_EQ(list->items[2].items.at(0).integer, 3);
  auto wrong = command(node, {"NOSUCHCOMMAND"});
  EXPECT_EQ(wrong.error().code, Errc::invalid);
  EXPECT_NE(node.metrics().find("parley_redis_connected{connection=\"commands\"} 1"),
            std::string::npos);
  EXPECT_NE(node.metrics().find("parley_redis_commands_total{outcome=\"invalid\"} 1"),
            std::string::npos);
}

TEST_F(RedisClientTest, ManyAtOnceAndEachHasItsOwnAnswer) {
  Node node(world, address());
  node.until_well();
  int right = 0;
  int ended = 0;
  for (int i = 0; i < 1000; ++i) {
    auto ask = [&, i]() -> asio::awaitable<void> {
      auto word = std::to_string(i);
      auto asking = node.client.command(world.context, {"ECHO", word}, Client::Effect::none);
      auto reply = co_await std::move(asking);
      if (reply && reply->text == word) ++right;
    };
    asio::co_spawn(world.io, ask, [&](std::exception_ptr) { ++ended; });
  }
  world.until([&] { return ended == 1000; });
  EXPECT_EQ(right, 1000);
}

TEST_F(RedisClientTest, MoreThanTheBoundAreRefused) {
  auto options = Node::patient();
  options.max_commands = 3;
  Node node(world, address(), options);
  node.until_well();
  server.freeze();
  std::vector<Errc> errors;
  int ended = 0;
  for (int i = 0; i < 5; ++i) {
    auto ask = [&]() -> asio::awaitable<void> {
      auto asking = node.client.command(world.context, {"PING"}, Client::Effect::none);
      auto reply = co_await std::move(asking);
      if (!reply) errors.push_back(reply.error().code);
    };
    asio::co_spawn(world.io, ask, [&](std::exception_ptr) { ++ended; });
  }
  world.until([&] { return ended == 2; });
  EXPECT_EQ(errors, (std::vector{Errc::rate_limited, Errc::rate_limited}));
  server.go_on();
  world.until([&] { return ended == 5; });
  EXPECT_EQ(errors.size(), 2u);
}

TEST_F(RedisClientTest, TheCallersDeadlineCounts) {
  Node node(world, address());
  node.until_well();
  server.freeze();
  auto ctx = world.context.until(world.clock.now() + 20ms);
  auto read =
      world.run([&] { return node.client.command(ctx, {"GET", "k"}, Client::Effect::none); });
  EXPECT_EQ(read.error().code, Errc::timeout);
  ctx = world.context.until(world.clock.now() + 20ms);
  auto write =
      world.run([&] { return node.client.command(ctx, {"INCR", "k"}, Client::Effect::some); });
  EXPECT_EQ(write.error().code, Errc::outcome_unknown);
  // A caller in a hurry says nothing about Redis.
  EXPECT_TRUE(node.client.condition().well());
  server.go_on();
  EXPECT_EQ(command(node, {"GET", "k"})->text, "1");
}

TEST(RedisPassword, IsSentAndTheDatabaseChosen) {
  testkit::RedisServer server({"--requirepass", "open sesame"});
  testkit::RealWorld world;
  auto address =
      Address::parse("redis://:open%20sesame@127.0.0.1:" + std::to_string(server.port()) + "/5")
          .value();
  Node node(world, address);
  node.until_well();
  auto listed = world.run(
      [&] { return node.client.command(world.context, {"CLIENT", "LIST"}, Client::Effect::none); });
  EXPECT_NE(listed->text.find(" db=5 "), std::string::npos) << listed->text;
}

TEST(RedisPassword, AWrongOneIsSaidWithoutRepeatingIt) {
  testkit::RedisServer server({"--requirepass", "right"});
  testkit::RealWorld world;
  auto address =
      Address::parse("redis://:wrong-one@127.0.0.1:" + std::to_string(server.port())).value();
  Node node(world, address);
  world.until([&] {
    return node.client.condition().reason == "Redis refuses AUTH: WRONGPASS" &&
           node.pubsub.condition().reason == "Redis refuses AUTH: WRONGPASS";
  });
}

TEST(RedisTls, OnlyWithACertificateThatIsTrusted) {
  auto folder =
      std::filesystem::temp_directory_path() / ("parley-redis-tls-" + std::to_string(::getpid()));
  auto files = testkit::make_certificate(folder);
  auto tls_port = std::to_string(testkit::free_port());
  testkit::RedisServer server({"--tls-port", tls_port, "--tls-cert-file", files.certificate,
                               "--tls-key-file", files.private_key, "--tls-auth-clients", "no"});
  testkit::RealWorld world;
  auto address = Address::parse("rediss://127.0.0.1:" + tls_port).value();
  {
    Node stranger(world, address);
    world.until([&] {
      return stranger.client.condition().reason.find("certificate verify failed") !=
             std::string::npos;
    });
  }
  address.authorities = files.certificate;
  {
    Node node(world, address);
    node.until_well();
    std::string large(300'000, 'x');
    auto echoed = world.run(
        [&] { return node.client.command(world.context, {"ECHO", large}, Client::Effect::none); });
    EXPECT_EQ(echoed->text, large);
  }
  std::filesystem::remove_all(folder);
}

TEST(RedisPassword, WhatAnswersIsNotRedis) {
  testkit::RealWorld world;
  asio::ip::tcp::acceptor acceptor(world.io, {asio::ip::make_address("127.0.0.1"), 0});
  auto answer = [&]() -> asio::awaitable<void> {
    while (true) {
      auto accepting = acceptor.async_accept(asio::use_awaitable);
      auto socket = co_await std::move(accepting);
      static const std::string page = "HTTP/1.1 400 Bad Request\r\n\r\n";
      socket.send(asio::buffer(page));
    }
  };
  asio::co_spawn(world.io, answer, [](std::exception_ptr) {});
  auto address =
      Address::parse("redis://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()))
          .value();
  Node node(world, address);
  world.until([&] {
    return node.client.condition().reason.find("does not speak Redis's protocol") !=
           std::string::npos;
  });
  acceptor.close();
}

}  // namespace
}  // namespace parley::providers::redis
