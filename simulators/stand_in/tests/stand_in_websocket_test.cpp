#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/base/task_group.hpp"
#include "parley/net/client.hpp"
#include "parley/simulators/stand_in_server.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

/// Says "one", "two", "three" to whoever comes, then whatever it hears.
asio::awaitable<void> speak(net::HttpRequest, std::unique_ptr<net::WebSocket> socket) {
  for (auto* word : {"one--", "two--", "three"})
    (void)socket->send({false, word}, net::WebSocket::Priority::normal);
  while (true) {
    auto receiving = socket->receive();
    auto heard = co_await std::move(receiving);
    if (!heard) co_return;
    (void)socket->send(std::move(*heard), net::WebSocket::Priority::normal);
  }
}

class StandInWebSocket : public ::testing::Test {
 protected:
  void SetUp() override {
    auto admit = [](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
      if (request.headers.get("Authorization") == "key") return std::nullopt;
      return net::text_response(401, "who are you?");
    };
    server.add_websocket("/listen", speak, admit);
    ASSERT_TRUE(server.start());
  }
  void TearDown() override {
    socket.reset();
    world.run([&]() -> Task<void> {
      co_await server.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  Result<void> connect(std::string key = "key", Duration limit = 20s) {
    net::WebSocketTarget target;
    target.url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/listen";
    target.headers.set("Authorization", std::move(key));
    auto ctx = world.context.until(world.clock.now() + limit);
    auto opened = world.run([&] { return net::connect_websocket(ctx, world.clock, target); });
    if (!opened) return std::unexpected(opened.error());
    socket = std::move(*opened);
    return {};
  }
  Result<void> connect_with(std::string plan, Duration limit = 20s) {
    auto set = server.faults().set(std::move(plan));
    EXPECT_TRUE(set) << set.error().detail;
    return connect("key", limit);
  }
  std::string hear() {
    auto heard = world.run([&] { return socket->receive(); });
    return heard ? heard->payload
                 : std::string(to_string(heard.error().code)) + ": " + heard.error().detail;
  }
  /// False when something came.
  bool is_silent(Duration for_so_long) {
    auto limited = [&]() -> Task<net::WebSocketMessage> {
      auto receiving = socket->receive();
      co_return co_await with_deadline(world.clock, world.clock.now() + for_so_long,
                                       std::move(receiving));
    };
    auto heard = world.run(limited);
    return !heard && heard.error().code == Errc::timeout;
  }

  testkit::RealWorld world;
  StandInServer server{world.io.get_executor(),
                       world.clock,
                       world.random,
                       {},
                       [](const Fault& fault, const net::HttpRequest&) {
                         return net::text_response(fault.status, "no");
                       }};
  std::unique_ptr<net::WebSocket> socket;
};

TEST_F(StandInWebSocket, WithoutAPlanItSpeaksAndHears) {
  ASSERT_TRUE(connect());
  for (auto* word : {"one--", "two--", "three"}) EXPECT_EQ(hear(), word);
  (void)socket->send({true, "echo"});
  EXPECT_EQ(hear(), "echo");
  EXPECT_EQ(server.seen().at(0).status, 101);
}

TEST_F(StandInWebSocket, HandshakesAreRefused) {
  EXPECT_EQ(connect("another").error().code, Errc::forbidden);
  auto limited = connect_with("status 429 retry-after 7");
  EXPECT_EQ(limited.error().code, Errc::rate_limited);
  EXPECT_EQ(limited.error().retry_after, 7s);
  limited = connect_with("status 429");
  EXPECT_EQ(limited.error().code, Errc::rate_limited);
  EXPECT_EQ(limited.error().retry_after, 0s);
  auto unpaid = connect_with("status 402");
  EXPECT_EQ(unpaid.error().code, Errc::forbidden);
  EXPECT_THAT(unpaid.error().detail, HasSubstr("402"));
  EXPECT_EQ(connect_with("status 500").error().code, Errc::unavailable);
  EXPECT_EQ(connect_with("reset").error().code, Errc::unavailable);
  EXPECT_EQ(connect_with("close").error().code, Errc::unavailable);
  EXPECT_EQ(connect_with("hang", 50ms).error().code, Errc::timeout);
  ASSERT_TRUE(connect_with(""));
  EXPECT_EQ(hear(), "one--");
}

TEST_F(StandInWebSocket, ItIsTakenAndNeverAnswered) {
  ASSERT_TRUE(connect_with("hang after 0"));
  EXPECT_TRUE(is_silent(60ms));
  ASSERT_TRUE(connect_with("hang after 2"));
  EXPECT_EQ(hear(), "one--");
  EXPECT_EQ(hear(), "two--");
  EXPECT_TRUE(is_silent(60ms));
}

TEST_F(StandInWebSocket, MessagesBreak) {
  ASSERT_TRUE(connect_with("half after 1"));
  EXPECT_EQ(hear(), "one--");
  EXPECT_THAT(hear(), HasSubstr("unavailable"));
  ASSERT_TRUE(connect_with("torn after 1"));
  EXPECT_EQ(hear(), "one--");
  EXPECT_EQ(hear(), "tw");
  ASSERT_TRUE(connect_with("garbage after 1"));
  EXPECT_EQ(hear(), "one--");
  auto garbage = hear();
  EXPECT_EQ(garbage.size(), 16u);
  ASSERT_TRUE(connect_with("endless after 1"));
  EXPECT_EQ(hear(), "one--");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(hear(), "two--");
}

TEST_F(StandInWebSocket, ItClosesInMidWordWithItsCode) {
  ASSERT_TRUE(connect_with("close 1011 after 2"));
  EXPECT_EQ(hear(), "one--");
  EXPECT_EQ(hear(), "two--");
  EXPECT_THAT(hear(), HasSubstr("code 1011"));
}

TEST_F(StandInWebSocket, MessagesTrickle) {
  ASSERT_TRUE(connect_with("slow 100/s"));
  auto begun = world.clock.now();
  EXPECT_EQ(hear(), "one--");
  EXPECT_EQ(hear(), "two--");
  EXPECT_EQ(hear(), "three");
  EXPECT_GE(world.clock.now() - begun, 100ms);
}

}  // namespace
}  // namespace parley::simulators
