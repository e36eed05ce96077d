#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/simulators/webhook_receiver.hpp"
#include "parley/simulators/webhook_sender.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::simulators {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using Scheme = WebhookToSend::Scheme;
using Verdict = ReceivedWebhook::Verdict;

class WebhookSimulatorTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(receiver.start()); }
  void TearDown() override {
    world.run([&]() -> Task<void> {
      co_await receiver.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  WebhookToSend webhook() {
    WebhookToSend one;
    one.url = "http://127.0.0.1:" + std::to_string(receiver.port()) + "/hooks";
    one.scheme = Scheme::standard;
    one.secret = secret.text();
    one.body = R"({"type":"call.ended"})";
    return one;
  }
  Result<std::vector<int>> send(WebhookToSend one) {
    return world.run([&] { return send_webhook(*http, world.clock, world.context, one); });
  }

  testkit::RealWorld world;
  webhooks::StandardSecret secret = webhooks::StandardSecret::make(world.random);
  WebhookReceiver receiver{world.io.get_executor(), world.clock, world.random, secret};
  std::unique_ptr<net::HttpClient> http = net::make_http_client(world.io.get_executor());
};

TEST_F(WebhookSimulatorTest, AGoodOneIsTakenAndARepeatTold) {
  auto one = webhook();
  one.times = 10;
  auto statuses = send(one);
  ASSERT_TRUE(statuses);
  EXPECT_THAT(*statuses, SizeIs(10));
  EXPECT_THAT(*statuses, Each(200));
  auto& received = receiver.received();
  ASSERT_EQ(received.size(), 10u);
  EXPECT_EQ(std::ranges::count(received, false, &ReceivedWebhook::repeated), 1);
  EXPECT_EQ(received[0].path, "/hooks");
  EXPECT_EQ(received[0].body, one.body);
}

TEST_F(WebhookSimulatorTest, WhatIsNotGoodIsRefusedAndTheReasonKept) {
  auto stale = webhook();
  stale.age = 6min;
  auto ahead = webhook();
  ahead.age = -6min;
  auto forged = webhook();
  forged.secret = webhooks::StandardSecret::make(world.random).text();
  auto other = webhook();
  other.scheme = Scheme::generic;
  for (auto& one : {stale, ahead, forged, other}) EXPECT_THAT(send(one).value(), ElementsAre(401));
  std::vector<Verdict> verdicts;
  for (auto& one : receiver.received()) verdicts.push_back(one.verdict);
  EXPECT_THAT(verdicts,
              ElementsAre(Verdict::stale, Verdict::stale, Verdict::forged, Verdict::unsigned_));
}

TEST_F(WebhookSimulatorTest, ItFailsAsItsPlanSays) {
  ASSERT_TRUE(receiver.server().faults().set("status 503 first 1; reset lost first 2"));
  EXPECT_THAT(send(webhook()).value(), ElementsAre(503));
  EXPECT_THAT(send(webhook()).value(), ElementsAre(0));
  EXPECT_THAT(send(webhook()).value(), ElementsAre(200));
  ASSERT_EQ(receiver.received().size(), 2u) << "the lost answer's was taken";
  EXPECT_TRUE(receiver.received()[1].repeated);
}

TEST_F(WebhookSimulatorTest, AGenericOneHoldsAtParleysOwnCheck) {
  std::vector<webhooks::Verdict> verdicts;
  StandInServer server(world.io.get_executor(), world.clock, world.random, {},
                       [](const Fault&, const net::HttpRequest&) { return net::HttpResponse{}; });
  server.add(net::Method::post, "/in",
             [&](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
               webhooks::GenericHeaders headers{
                   request.headers.get("x-webhook-signature").value_or(""),
                   request.headers.get("x-webhook-timestamp").value_or("")};
               verdicts.push_back(
                   webhooks::check_generic("sesame", headers, request.body, world.clock.wall()));
               co_return net::HttpResponse{};
             });
  ASSERT_TRUE(server.start());
  auto one = webhook();
  one.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/in";
  one.scheme = Scheme::generic;
  one.secret = "sesame";
  EXPECT_THAT(send(one).value(), ElementsAre(200));
  one.age = 1h;
  EXPECT_THAT(send(one).value(), ElementsAre(200));
  one.secret = "open";
  one.age = 0s;
  EXPECT_THAT(send(one).value(), ElementsAre(200));
  EXPECT_THAT(verdicts, ElementsAre(webhooks::Verdict::good, webhooks::Verdict::stale,
                                    webhooks::Verdict::bad_signature));
  world.run([&]() -> Task<void> {
    co_await server.stop(TimePoint::min());
    co_return Result<void>{};
  });
}

TEST_F(WebhookSimulatorTest, WhatCannotBeSentIsSaid) {
  auto one = webhook();
  one.secret = "no secret";
  EXPECT_EQ(send(one).error().code, Errc::invalid);
  one = webhook();
  one.times = 101;
  EXPECT_EQ(send(one).error().code, Errc::invalid);
}

}  // namespace
}  // namespace parley::simulators
