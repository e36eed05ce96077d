#pragma once
#include <gtest/gtest.h>

#include "parley/store/pubsub.hpp"
#include "parley/testkit/real_world.hpp"

/// What every store::PubSub does; used as conformance/cache.hpp is.
namespace parley::testkit {

struct PubSubRig {
  PubSubRig() = default;
  PubSubRig(const PubSubRig&) = delete;
  PubSubRig& operator=(const PubSubRig&) = delete;
  virtual ~PubSubRig() = default;
  virtual store::PubSub& pubsub() = 0;
  virtual void stop() = 0;
  RealWorld world;
};
using MakePubSubRig = std::unique_ptr<PubSubRig> (*)();

class PubSubConformance : public ::testing::TestWithParam<MakePubSubRig> {
 protected:
  using Notice = store::Notice;
  std::unique_ptr<store::Subscriber> subscribe(const std::string& channel) {
    auto made =
        rig->world.run([&] { return rig->pubsub().subscribe(rig->world.context, channel); });
    EXPECT_TRUE(made) << made.error().detail;
    return made ? std::move(*made) : nullptr;
  }
  Result<void> publish(const std::string& channel, const std::string& payload) {
    return rig->world.run(
        [&] { return rig->pubsub().publish(rig->world.context, channel, payload); });
  }
  Result<Notice> next(store::Subscriber& subscriber) {
    return rig->world.run([&] { return subscriber.next(); });
  }
  static Notice message(std::string channel, std::string payload) {
    return {Notice::Kind::message, std::move(channel), std::move(payload)};
  }
  std::unique_ptr<PubSubRig> rig = GetParam()();
};

TEST_P(PubSubConformance, EachSubscriberOfTheChannelHasItInOrder) {
  auto one = subscribe("calls");
  auto two = subscribe("calls");
  auto other = subscribe("leads");
  std::string odd("\r\n\0\xFF", 4);
  for (const auto& payload : {std::string("1"), odd, std::string()})
    ASSERT_TRUE(publish("calls", payload));
  ASSERT_TRUE(publish("leads", "only"));
  for (auto* subscriber : {one.get(), two.get()})
    for (const auto& payload : {std::string("1"), odd, std::string()})
      EXPECT_EQ(next(*subscriber), message("calls", payload));
  EXPECT_EQ(next(*other), message("leads", "only"));
}

TEST_P(PubSubConformance, NobodyListensAndNothingIsKept) {
  ASSERT_TRUE(publish("calls", "before"));
  auto late = subscribe("calls");
  ASSERT_TRUE(publish("calls", "after"));
  EXPECT_EQ(next(*late), message("calls", "after"));
  late.reset();
  ASSERT_TRUE(publish("calls", "to nobody"));
}

TEST_P(PubSubConformance, WhoCannotKeepUpIsToldOfAGap) {
  auto slow = subscribe("calls");
  auto quick = subscribe("calls");
  for (int i = 0; i <= 1024; ++i) {
    ASSERT_TRUE(publish("calls", std::to_string(i)));
    EXPECT_EQ(next(*quick)->payload, std::to_string(i));
  }
  ASSERT_TRUE(publish("calls", "last"));
  EXPECT_EQ(next(*slow), (Notice{Notice::Kind::gap, "calls", ""}));
  EXPECT_EQ(next(*slow), message("calls", "last"));
}

TEST_P(PubSubConformance, AWaitingSubscriberIsWokenAndEndsWithTheRest) {
  auto waits = subscribe("calls");
  std::vector<Result<Notice>> heard;
  bool ended = false;
  auto listen = [&]() -> asio::awaitable<void> {
    while (heard.empty() || heard.back()) {
      auto waiting = waits->next();
      heard.push_back(co_await std::move(waiting));
    }
  };
  asio::co_spawn(rig->world.io, listen(), [&](std::exception_ptr) { ended = true; });
  ASSERT_TRUE(publish("calls", "x"));
  rig->world.until([&] { return heard.size() == 1; });
  EXPECT_EQ(heard[0], message("calls", "x"));
  rig->stop();
  rig->world.until([&] { return ended; });
  EXPECT_EQ(heard[1].error().code, Errc::end_of_stream);
}

TEST_P(PubSubConformance, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(publish("", "x").error().code, Errc::invalid);
  EXPECT_EQ(publish(std::string(257, 'c'), "x").error().code, Errc::invalid);
  EXPECT_EQ(publish("c", std::string((64u << 10) + 1, 'x')).error().code, Errc::too_large);
  auto nameless = rig->world.run([&] { return rig->pubsub().subscribe(rig->world.context, ""); });
  EXPECT_EQ(nameless.error().code, Errc::invalid);
}

}  // namespace parley::testkit
