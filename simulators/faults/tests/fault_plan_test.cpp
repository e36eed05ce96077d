#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/simulators/faults.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::simulators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Effect = Fault::Effect;
using Place = FaultPlan::Place;

FaultPlan plan(std::string_view text, Place place = Place::service, std::uint64_t seed = 1) {
  auto parsed = FaultPlan::parse(text, place, seed);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().detail;
  return parsed ? std::move(*parsed) : FaultPlan{};
}

/// What happens to so many requests at once.
std::vector<Effect> effects(FaultPlan& plan, int requests, std::string_view request = "GET /",
                            Duration since = 0s) {
  std::vector<Effect> all;
  for (int i = 0; i < requests; ++i) all.push_back(plan.next(request, since).effect);
  return all;
}

constexpr auto none = Effect::none;

TEST(FaultPlan, EveryEffectIsRead) {
  auto first = [](std::string_view text, Place place = Place::service) {
    return plan(text, place).next("GET /", 0s);
  };
  EXPECT_EQ(first("refuse", Place::gate).effect, Effect::refuse);
  for (auto effect : {Effect::reset, Effect::close, Effect::hang, Effect::half, Effect::garbage}) {
    EXPECT_EQ(first(to_string(effect)).effect, effect);
    EXPECT_EQ(first(to_string(effect), Place::gate).effect, effect);
  }
  EXPECT_EQ(first("half 100").bytes, 100u);
  EXPECT_EQ(first("slow 2000/s").bytes, 2000u);
  auto status = first("status 503 code SlowDown retry-after 2");
  EXPECT_EQ(status.effect, Effect::status);
  EXPECT_EQ(status.status, 503);
  EXPECT_EQ(status.code, "SlowDown");
  EXPECT_EQ(status.retry_after, 2s);
  EXPECT_EQ(status.when, Fault::When::before);
  EXPECT_EQ(first("reset lost").when, Fault::When::after);
  EXPECT_EQ(first("delay 1.5s").delay, 1500ms);
  EXPECT_EQ(first("").effect, none);
}

TEST(FaultPlan, ConditionsChooseRequests) {
  auto three = plan("reset first 3");
  EXPECT_THAT(effects(three, 4), ElementsAre(Effect::reset, Effect::reset, Effect::reset, none));
  auto second = plan("reset every 2");
  EXPECT_THAT(effects(second, 4), ElementsAre(none, Effect::reset, none, Effect::reset));
  auto range = plan("reset requests 2..3");
  EXPECT_THAT(effects(range, 4), ElementsAre(none, Effect::reset, Effect::reset, none));
  auto matching = plan("reset first 1 on \"POST /calls\"");
  EXPECT_THAT(effects(matching, 2, "GET /calls"), ElementsAre(none, none));
  EXPECT_THAT(effects(matching, 2, "POST /calls?x=1"), ElementsAre(Effect::reset, none));
}

TEST(FaultPlan, AWindowBeginsItsOwnCount) {
  auto window = plan("close from 30s to 90s first 1");
  EXPECT_THAT(effects(window, 2, "GET /", 29s), ElementsAre(none, none));
  EXPECT_THAT(effects(window, 2, "GET /", 30s), ElementsAre(Effect::close, none));
  auto early = plan("close to 1m");
  EXPECT_THAT(effects(early, 1, "GET /", 59s), ElementsAre(Effect::close));
  EXPECT_THAT(effects(early, 1, "GET /", 60s), ElementsAre(none));
}

TEST(FaultPlan, TheFirstRuleDecidesAndDelaysComeOnTop) {
  auto both = plan("delay 1s\n# a comment; with a semicolon\nreset first 1; hang\ndelay 500ms");
  auto first = both.next("GET /", 0s);
  EXPECT_EQ(first.effect, Effect::reset);
  EXPECT_EQ(first.delay, 1500ms);
  EXPECT_EQ(both.next("GET /", 0s).effect, Effect::hang);
}

TEST(FaultPlan, ARateLetsASecondsWorthThroughThenWhatTimeBrings) {
  auto rate = plan("rate 2/s");
  EXPECT_THAT(effects(rate, 3), ElementsAre(none, none, Effect::status));
  auto refused = rate.next("GET /", 0s);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, 1s);
  EXPECT_THAT(effects(rate, 2, "GET /", 500ms), ElementsAre(none, Effect::status));
  EXPECT_THAT(effects(rate, 3, "GET /", 1h), ElementsAre(none, none, Effect::status));
  auto gate = plan("rate 1/s", Place::gate);
  EXPECT_THAT(effects(gate, 2), ElementsAre(none, Effect::refuse));
}

TEST(FaultPlan, TheSameSeedFailsAlikeAndAnotherDoesNot) {
  auto drawn = [](std::uint64_t seed) {
    auto chance = plan("reset p 0.5; delay 1ms..1s", Place::service, seed);
    std::vector<std::pair<Effect, Duration>> all;
    for (int i = 0; i < 200; ++i) {
      auto fault = chance.next("GET /", 0s);
      EXPECT_GE(fault.delay, 1ms);
      EXPECT_LE(fault.delay, 1s);
      all.emplace_back(fault.effect, fault.delay);
    }
    return all;
  };
  EXPECT_EQ(drawn(7), drawn(7));
  EXPECT_NE(drawn(7), drawn(8));
  auto resets = std::ranges::count(drawn(7), Effect::reset, &std::pair<Effect, Duration>::first);
  EXPECT_GT(resets, 60);
  EXPECT_LT(resets, 140);
}

TEST(FaultPlan, WhatIsWrongIsSaidWithItsPlace) {
  struct Wrong {
    std::string_view text;
    std::string_view said;
    Place place = Place::service;
  };
  const Wrong all[]{
      {"rest", "line 1, column 1: \"rest\" is no effect; did you mean reset?"},
      {"first 3", "\"first\" is no effect; there are refuse, reset"},
      {"reset\n  close fist 3", "line 2, column 9: \"fist\" is no condition; did you mean first?"},
      {"reset first", "first needs something after it, such as 3"},
      {"reset first many", "\"many\" is no whole number"},
      {"reset first 0", "\"0\" is no whole number from 1"},
      {"reset every 0", "\"0\" is no whole number from 1"},
      {"reset requests 5", "a range is written as 10..20"},
      {"reset requests 5..4", "\"4\" is no whole number from 5"},
      {"reset p 1.1", "a probability is a number from 0 to 1"},
      {"reset p nan", "a probability is a number from 0 to 1"},
      {"reset p -1", "a probability is a number from 0 to 1"},
      {"reset on", "on needs something after it, such as \"POST /path\""},
      {"reset on \"GET", "line 1, column 10: the quotation that begins here does not end"},
      {"reset \"GET\"", "is no condition"},
      {"reset from 5", "\"5\" is no time such as 300ms"},
      {"reset from -5s", "is no time such as"},
      {"reset from 9000h", "of a week at most"},
      {"reset from 9s to 9s", "that window ends before it begins"},
      {"delay", "delay needs something after it"},
      {"delay 2s..1s", "the longer time comes second"},
      {"delay infs", "is no time such as"},
      {"status", "status needs something after it"},
      {"status 99", "\"99\" is no whole number from 200 to 599"},
      {"status 503 retry-after soon", "\"soon\" is no whole number from 0 to 86400"},
      {"rate 10", "a rate is written as 10/s"},
      {"rate 0/s", "\"0\" is no whole number from 1"},
      {"slow x/s", "\"x\" is no whole number"},
      {"half lost", "half has no answer to lose"},
      {"rate 5/s lost", "rate has no answer to lose"},
      {"refuse", "a service has taken the connection"},
      {"status 503", "a gate passes bytes on", Place::gate},
  };
  for (auto& one : all) {
    auto parsed = FaultPlan::parse(one.text, one.place);
    ASSERT_FALSE(parsed) << one.text;
    EXPECT_EQ(parsed.error().code, Errc::invalid);
    EXPECT_THAT(parsed.error().detail, HasSubstr(one.said)) << one.text;
    EXPECT_THAT(parsed.error().detail, HasSubstr("line ")) << one.text;
  }
  EXPECT_EQ(FaultPlan::parse(std::string(70'000, ' '), Place::gate).error().code, Errc::invalid);
  std::string many;
  for (int i = 0; i < 201; ++i) many += "reset;";
  EXPECT_THAT(FaultPlan::parse(many, Place::gate).error().detail, HasSubstr("at most 200 rules"));
}

TEST(Faults, ANewPlanBeginsAnewAndAWrongOneChangesNothing) {
  testkit::SimWorld world;
  Faults faults(world.clock(), Place::service);
  EXPECT_EQ(faults.next("GET /").effect, none);
  ASSERT_TRUE(faults.set("reset from 10s first 1"));
  EXPECT_EQ(faults.next("GET /").effect, none);
  world.run_for(10s);
  EXPECT_EQ(faults.next("GET /").effect, Effect::reset);
  EXPECT_EQ(faults.happened(), 1u);
  EXPECT_EQ(faults.set("rest").error().code, Errc::invalid);
  EXPECT_EQ(faults.text(), "reset from 10s first 1");
  ASSERT_TRUE(faults.set("hang to 1s"));
  EXPECT_EQ(faults.happened(), 0u);
  EXPECT_EQ(faults.next("GET /").effect, Effect::hang);
  ASSERT_TRUE(faults.set(""));
  EXPECT_EQ(faults.next("GET /").effect, none);
}

TEST(FaultPlan, OfWhatComesInPiecesSomeAreSpared) {
  auto plan = FaultPlan::parse(
      "close 1011 after 2 first 1; torn after 0 requests 2..2; endless requests 3..3",
      FaultPlan::Place::service);
  ASSERT_TRUE(plan) << plan.error().detail;
  auto closed = plan->next("GET /listen", {});
  EXPECT_EQ(closed.effect, Fault::Effect::close);
  EXPECT_EQ(closed.close_code, 1011);
  EXPECT_EQ(closed.after, 2u);
  auto torn = plan->next("GET /listen", {});
  EXPECT_EQ(torn.effect, Fault::Effect::torn);
  EXPECT_EQ(torn.after, 0u);
  auto endless = plan->next("GET /listen", {});
  EXPECT_EQ(endless.effect, Fault::Effect::endless);
  EXPECT_EQ(endless.after, std::nullopt);
  for (auto* wrong : {"close 99", "status 500 after 1", "hang after x", "delay 1s after 1"})
    EXPECT_FALSE(FaultPlan::parse(wrong, FaultPlan::Place::service)) << wrong;
  for (auto* wrong : {"torn", "endless", "close 1000", "hang after 1"})
    EXPECT_FALSE(FaultPlan::parse(wrong, FaultPlan::Place::gate)) << wrong;
}

}  // namespace
}  // namespace parley::simulators
