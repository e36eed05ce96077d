#include "parley/resilience/options.hpp"

#include <gtest/gtest.h>

namespace parley::resilience {
namespace {

struct OptionsTest : ::testing::Test {
  std::vector<std::string> services{"twilio", "language"};
  std::vector<std::string> keys;
  std::vector<SettingSpec> specs = setting_specs(services, keys);
  Settings settings{specs};
};

TEST_F(OptionsTest, WhatIsNotSetStaysAsTheCodeHasIt) {
  PolicyOptions own;
  own.attempt_timeout = 3s;
  own.retry.attempts = 7;
  auto options = policy_options(settings, "twilio", own);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->attempt_timeout, 3s);
  EXPECT_EQ(options->retry.attempts, 7);
}

TEST_F(OptionsTest, EveryKeyChangesItsPart) {
  for (auto assignment :
       {"attempt_timeout_ms=1500", "total_timeout_ms=2500", "attempts=4", "first_pause_ms=11",
        "longest_pause_ms=12", "longest_retry_after_ms=13", "retry_budget_percent=14",
        "retry_budget_burst=15", "breaker_failure_percent=16", "breaker_window_ms=1700",
        "breaker_min_calls=18", "breaker_open_ms=19", "breaker_trials=20", "max_running=21",
        "max_waiting=22", "longest_wait_ms=23", "rate_per_minute=24", "rate_burst=25",
        "hedge_after_ms=26"})
    ASSERT_TRUE(settings.set("resilience.twilio." + std::string(assignment))) << assignment;
  auto options = policy_options(settings, "twilio");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->attempt_timeout, 1500ms);
  EXPECT_EQ(options->total_timeout, 2500ms);
  EXPECT_EQ(options->retry.attempts, 4);
  EXPECT_EQ(options->retry.first_pause, 11ms);
  EXPECT_EQ(options->retry.longest_pause, 12ms);
  EXPECT_EQ(options->retry.longest_retry_after, 13ms);
  EXPECT_EQ(options->retry.budget_percent, 14);
  EXPECT_EQ(options->retry.budget_burst, 15);
  EXPECT_EQ(options->breaker.failure_percent, 16);
  EXPECT_EQ(options->breaker.window, 1700ms);
  EXPECT_EQ(options->breaker.min_calls, 18);
  EXPECT_EQ(options->breaker.open_for, 19ms);
  EXPECT_EQ(options->breaker.trials, 20);
  EXPECT_EQ(options->bulkhead.max_running, 21);
  EXPECT_EQ(options->bulkhead.max_waiting, 22);
  EXPECT_EQ(options->bulkhead.longest_wait, 23ms);
  EXPECT_EQ(options->rate.per_minute, 24);
  EXPECT_EQ(options->rate.burst, 25);
  EXPECT_EQ(options->hedge_after, 26ms);
  EXPECT_EQ(policy_options(settings, "language")->retry.attempts, PolicyOptions{}.retry.attempts);
}

TEST_F(OptionsTest, AnUnknownKeyOrServiceNamesTheNearest) {
  auto key = settings.set("resilience.twilio.atempts=3");
  ASSERT_FALSE(key);
  EXPECT_NE(key.error().detail.find("did you mean 'resilience.twilio.attempts'?"),
            std::string::npos)
      << key.error().detail;
  auto service = settings.set("resilience.twillio.attempts=3");
  ASSERT_FALSE(service);
  EXPECT_NE(service.error().detail.find("did you mean 'resilience.twilio.attempts'?"),
            std::string::npos);
}

TEST_F(OptionsTest, ValuesOutsideTheirRangeAreRefusedByName) {
  ASSERT_TRUE(settings.set("resilience.twilio.attempts=0"));
  auto options = policy_options(settings, "twilio");
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code, Errc::invalid);
  EXPECT_NE(options.error().detail.find("resilience.twilio.attempts = '0'"), std::string::npos);
  EXPECT_NE(options.error().detail.find("from 1 to 20"), std::string::npos);
  EXPECT_TRUE(check({}));
  auto wrong = check({.breaker = {.trials = 0}});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("breaker_trials"), std::string::npos);
}

}  // namespace
}  // namespace parley::resilience
