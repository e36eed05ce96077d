#include "parley/base/beat_watch.hpp"

#include <gtest/gtest.h>

namespace parley {
namespace {

struct BeatWatchTest : ::testing::Test {
  Beats look(Duration at, const Beats& beats) { return watch.still(beats, TimePoint(at)); }
  BeatWatch watch{40s};
};

TEST_F(BeatWatchTest, ABeatThatMovesIsAliveHoweverSlowly) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(look(i * 39s, {{"a", i}}), Beats{}) << i;
}

TEST_F(BeatWatchTest, ABeatThatStandsStillIsToldFromTheFirstSightingOn) {
  EXPECT_EQ(look(100s, {{"a", 7}, {"b", 1}}), Beats{});
  EXPECT_EQ(look(139s, {{"a", 7}, {"b", 2}}), Beats{});
  EXPECT_EQ(look(140s, {{"a", 7}, {"b", 2}}), (Beats{{"a", 7}}));
  EXPECT_EQ(look(150s, {{"a", 7}, {"b", 3}}), (Beats{{"a", 7}})) << "until it is gone";
  EXPECT_EQ(look(151s, {{"a", 8}, {"b", 3}}), Beats{}) << "it was alive after all";
  EXPECT_EQ(look(190s, {{"a", 8}, {"b", 3}}), (Beats{{"b", 3}}));
}

TEST_F(BeatWatchTest, WhoWentAndCameBackIsSeenForTheFirstTime) {
  EXPECT_EQ(look(0s, {{"a", 1}}), Beats{});
  EXPECT_EQ(look(20s, {}), Beats{});
  EXPECT_EQ(look(40s, {{"a", 1}}), Beats{});
  EXPECT_EQ(look(80s, {{"a", 1}}), (Beats{{"a", 1}}));
}

TEST_F(BeatWatchTest, WhatWasForgottenBeginsAnew) {
  EXPECT_EQ(look(0s, {{"a", 1}}), Beats{});
  watch.forget();
  EXPECT_EQ(look(40s, {{"a", 1}}), Beats{});
  EXPECT_EQ(look(80s, {{"a", 1}}), (Beats{{"a", 1}}));
}

TEST_F(BeatWatchTest, TimeWithoutALookCounts) {
  EXPECT_EQ(look(0s, {{"a", 1}}), Beats{});
  EXPECT_EQ(look(1000s, {{"a", 1}}), (Beats{{"a", 1}}));
}

}  // namespace
}  // namespace parley
