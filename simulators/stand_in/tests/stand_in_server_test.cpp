#include "parley/simulators/stand_in_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/net/client.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::simulators {
namespace {

using ::testing::HasSubstr;

class StandInServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server.add(net::Method::post, "/orders", [this](net::HttpRequest) -> Answering {
      ++orders;
      co_return net::text_response(201, std::string(900, 'o'));
    });
    server.add(net::Method::post, "/streams", [](net::HttpRequest) -> Answering {
      net::HttpResponse response;
      auto left = std::make_shared<int>(90);
      response.stream = [left]() -> Task<std::string> {
        co_return (*left)-- > 0 ? std::string(10, 's') : std::string();
      };
      co_return response;
    });
    ASSERT_TRUE(server.start());
  }
  void TearDown() override {
    world.run([&]() -> Task<void> {
      co_await server.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  using Answering = asio::awaitable<net::HttpResponse>;

  void behave(std::string plan) {
    auto set = server.faults().set(std::move(plan));
    ASSERT_TRUE(set) << set.error().detail;
  }
  Result<net::HttpResponse> order(Duration limit = 20s, std::string path = "/orders") {
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = "http://127.0.0.1:" + std::to_string(server.port()) + path;
    request.body = "item=1";
    request.timeout = limit;
    return world.run([&] { return http->send(world.context, request); });
  }

  testkit::RealWorld world;
  StandInServer server{world.io.get_executor(),
                       world.clock,
                       world.random,
                       {},
                       [](const Fault& fault, const net::HttpRequest&) {
                         return net::text_response(fault.status, "vendor says " + fault.code);
                       }};
  std::unique_ptr<net::HttpClient> http = net::make_http_client(world.io.get_executor());
  int orders = 0;
};

TEST_F(StandInServerTest, StatusesAreInTheVendorsWords) {
  behave("status 429 code 20429 retry-after 3 first 1");
  auto refused = order();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->body, "vendor says 20429");
  EXPECT_EQ(refused->headers.get("Retry-After"), "3");
  EXPECT_EQ(orders, 0);
  EXPECT_EQ(order().value().status, 201);
}

TEST_F(StandInServerTest, WhatIsLostWasDone) {
  behave("status 500 lost first 1; reset lost first 2; close lost first 3");
  EXPECT_EQ(order().value().status, 500);
  EXPECT_EQ(order().error().code, Errc::outcome_unknown);
  EXPECT_EQ(order().error().code, Errc::outcome_unknown);
  EXPECT_EQ(orders, 3);
}

TEST_F(StandInServerTest, WhatIsCutBeforeWasNot) {
  behave("reset first 1; close first 2; hang first 3");
  EXPECT_FALSE(order());
  EXPECT_FALSE(order());
  EXPECT_FALSE(order(100ms));
  EXPECT_EQ(orders, 0);
  EXPECT_TRUE(order());
}

TEST_F(StandInServerTest, AnswersAreHalvedSpoiltAndTrickled) {
  behave(
      "half first 1; half 10 first 2; garbage first 3; slow 9000/s first 4; delay 50ms requests "
      "5..5");
  EXPECT_FALSE(order());
  EXPECT_FALSE(order());
  auto garbage = order();
  ASSERT_TRUE(garbage);
  EXPECT_EQ(garbage->body.size(), 900u);
  EXPECT_NE(garbage->body, std::string(900, 'o'));
  auto begun = world.clock.now();
  EXPECT_EQ(order().value().body, std::string(900, 'o'));
  EXPECT_GE(world.clock.now() - begun, 100ms);
  begun = world.clock.now();
  EXPECT_EQ(order().value().status, 201);
  EXPECT_GE(world.clock.now() - begun, 50ms);
  EXPECT_EQ(orders, 5);
}

TEST_F(StandInServerTest, StreamsAreHalvedSpoiltAndTrickledToo) {
  behave("half first 1; half 10 first 2; garbage first 3; slow 9000/s first 4");
  EXPECT_FALSE(order(20s, "/streams"));
  EXPECT_FALSE(order(20s, "/streams"));
  EXPECT_NE(order(20s, "/streams").value().body.substr(0, 10), std::string(10, 's'));
  auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(order(20s, "/streams").value().body, std::string(900, 's'));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 90ms);
  EXPECT_EQ(order(20s, "/streams").value().body, std::string(900, 's'));
}

TEST_F(StandInServerTest, WhatCameIsKept) {
  behave("status 503 first 1; reset first 2");
  (void)order();
  (void)order();
  (void)order();
  auto seen = server.seen();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(server.requests(), 3u);
  EXPECT_EQ(seen[0].fault, "status");
  EXPECT_EQ(seen[0].status, 503);
  EXPECT_EQ(seen[1].fault, "reset");
  EXPECT_EQ(seen[1].status, 0);
  EXPECT_EQ(seen[2].fault, "");
  EXPECT_EQ(seen[2].status, 201);
  EXPECT_EQ(seen[2].method, "POST");
  EXPECT_EQ(seen[2].target, "/orders");
  EXPECT_EQ(seen[2].body, "item=1");
  EXPECT_EQ(seen[2].number, 3u);
}

}  // namespace
}  // namespace parley::simulators
