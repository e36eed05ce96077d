#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "parley/base/random.hpp"
#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"
#include "simulated_day.hpp"

namespace parley::simulation {
namespace {

class Days : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.level = log::Level::off})); }
  static DayReport live(DayOptions options) {
    auto report = live_through_a_day(options);
    fmt::print("seed {:>20}  {}\n", options.seed, report.text());
    for (const auto& violation : report.violations)
      ADD_FAILURE() << violation << "\n  again: PARLEY_DAY_SEEDS=" << options.seed << " day_tests";
    return report;
  }
};

TEST_F(Days, TheSeedsThatAreAlwaysRun) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    auto report = live({.seed = seed});
    EXPECT_GT(report.crashes, 10);
    EXPECT_GT(report.refused, 10);
    EXPECT_GT(report.booked, 100);
  }
}

/// PARLEY_DAY_SEEDS="17 18" runs just those.
TEST_F(Days, SeedsNobodyHasTried) {
  std::vector<std::uint64_t> seeds;
  if (auto* given = std::getenv("PARLEY_DAY_SEEDS"))
    for (const auto& one : split(given, ' ')) seeds.push_back(std::stoull(one));
  SystemRandom random;
  while (seeds.size() < 2 && !std::getenv("PARLEY_DAY_SEEDS")) seeds.push_back(random.next_u64());
  for (auto seed : seeds) live({.seed = seed});
}

TEST_F(Days, TheSameSeedIsTheSameDay) {
  DayOptions small{.seed = 7, .callers = 60, .orders = 60, .calls = 20};
  auto first = live(small);
  EXPECT_EQ(live(small).digest, first.digest);
  small.seed = 8;
  EXPECT_NE(live(small).digest, first.digest);
}

TEST_F(Days, ADayWithoutTroubleIsAGoodOne) {
  live({.seed = 9, .callers = 60, .orders = 60, .calls = 20, .crashes = 0, .troubles = 0});
}

TEST_F(Days, WhatGoesWrongIsSeen) {
  auto report = live_through_a_day({.seed = 10,
                                    .callers = 10,
                                    .orders = 400,
                                    .calls = 10,
                                    .charges = DayOptions::Charges::ignore_keys});
  ASSERT_FALSE(report.violations.empty());
  EXPECT_NE(report.violations.front().find("was charged "), std::string::npos)
      << report.violations.front();
}

}  // namespace
}  // namespace parley::simulation
