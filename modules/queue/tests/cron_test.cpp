#include "parley/queue/cron.hpp"

#include <gtest/gtest.h>

namespace parley::queue {
namespace {

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

std::vector<std::string> next(std::string_view cron, std::string_view zone, std::string_view from,
                              int many) {
  auto parsed = Cron::parse(cron, zone);
  EXPECT_TRUE(parsed) << parsed.error().detail;
  std::vector<std::string> times;
  auto time = at(from);
  for (int i = 0; i < many; ++i) {
    time = parsed->next_after(time);
    times.push_back(to_rfc3339(time).substr(0, 16));
  }
  return times;
}
using Times = std::vector<std::string>;

TEST(Cron, PlainOnes) {
  EXPECT_EQ(next("*/15 * * * *", "UTC", "2026-03-02T10:07:30Z", 3),
            (Times{"2026-03-02T10:15", "2026-03-02T10:30", "2026-03-02T10:45"}));
  EXPECT_EQ(next("0 9 * * MON-FRI", "UTC", "2026-03-06T09:00:00Z", 2),
            (Times{"2026-03-09T09:00", "2026-03-10T09:00"}))
      << "after Friday comes Monday";
  EXPECT_EQ(next("30 8,17 1 */6 *", "UTC", "2026-01-01T08:30:00Z", 3),
            (Times{"2026-01-01T17:30", "2026-07-01T08:30", "2026-07-01T17:30"}));
  EXPECT_EQ(next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2),
            (Times{"2028-02-29T00:00", "2032-02-29T00:00"}));
  EXPECT_EQ(next("@weekly", "UTC", "2026-03-02T00:00:00Z", 1), (Times{"2026-03-08T00:00"}));
  EXPECT_EQ(next("0 0 * * 7", "UTC", "2026-03-02T00:00:00Z", 1), (Times{"2026-03-08T00:00"}));
  EXPECT_EQ(next("5/20 3 * * *", "UTC", "2026-03-02T00:00:00Z", 3),
            (Times{"2026-03-02T03:05", "2026-03-02T03:25", "2026-03-02T03:45"}));
}

TEST(Cron, EitherDayWhenBothAreRestricted) {
  EXPECT_EQ(
      next("0 0 13 * FRI", "UTC", "2026-03-01T00:00:00Z", 4),
      (Times{"2026-03-06T00:00", "2026-03-13T00:00", "2026-03-20T00:00", "2026-03-27T00:00"}));
  EXPECT_EQ(next("0 0 12 * FRI", "UTC", "2026-03-06T00:00:00Z", 2),
            (Times{"2026-03-12T00:00", "2026-03-13T00:00"}));
}

// New York skips 02:00-03:00 on 2026-03-08 and shows 01:00-02:00 twice on 2026-11-01.
TEST(Cron, ASkippedTimeRunsAfterTheGap) {
  EXPECT_EQ(next("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 2),
            (Times{"2026-03-08T07:00", "2026-03-09T06:30"}));
  EXPECT_EQ(next("0,30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", 3),
            (Times{"2026-03-08T07:00", "2026-03-09T06:00", "2026-03-09T06:30"}))
      << "both fall on the same instant, which is one";
}

TEST(Cron, ARepeatedTimeRunsTheFirstTime) {
  EXPECT_EQ(next("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2),
            (Times{"2026-11-01T05:30", "2026-11-02T06:30"}));
  EXPECT_EQ(next("30 1 * * *", "America/New_York", "2026-11-01T06:10:00Z", 1),
            (Times{"2026-11-02T06:30"}))
      << "asked in the repeated hour: it has run";
}

TEST(Cron, ThroughTheDayCountsInstants) {
  EXPECT_EQ(next("*/30 * * * *", "America/New_York", "2026-11-01T05:00:00Z", 5),
            (Times{"2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-01T07:00",
                   "2026-11-01T07:30"}));
  EXPECT_EQ(next("0 * * * *", "America/New_York", "2026-03-08T06:00:00Z", 2),
            (Times{"2026-03-08T07:00", "2026-03-08T08:00"}));
  EXPECT_EQ(next("0 * * * SUN", "America/New_York", "2026-03-02T15:00:00Z", 2),
            (Times{"2026-03-08T05:00", "2026-03-08T06:00"}))
      << "days are the zone's";
}

// Half an hour of daylight saving, 02:00 to 02:30 on 2026-10-04.
TEST(Cron, LordHowe) {
  EXPECT_EQ(next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 2),
            (Times{"2026-10-03T15:30", "2026-10-04T15:15"}));
}

TEST(Cron, WhatMakesNoSenseIsRefusedByName) {
  for (auto text :
       {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "5-1 * * * *", "a * * * *", "* * * * MOO", "1,,2 * * * *",
        "0 0 30 2 *", "@never", "-1 * * * *", "1- * * * *", "*/99 * * * *"})
    EXPECT_EQ(Cron::parse(text, "UTC").error().code, Errc::invalid) << text;
  auto hour = Cron::parse("0 25 * * *", "UTC");
  EXPECT_NE(hour.error().detail.find("'25' is no hour (0 to 23"), std::string::npos);
  auto zone = Cron::parse("* * * * *", "America/New_Yrok");
  EXPECT_NE(zone.error().detail.find("did you mean 'America/New_York'?"), std::string::npos)
      << zone.error().detail;
  EXPECT_EQ(Cron::parse("* * * * *", "").error().code, Errc::invalid);
  EXPECT_EQ(Cron::parse("* * * * *", "../../etc/passwd").error().code, Errc::invalid);
}

/// Where offsets are whole or half hours, a half-hourly schedule is the same in UTC all year.
TEST(Cron, EveryHalfHourIsEveryHalfHourInAnyZone) {
  for (auto zone : {"Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"}) {
    auto cron = Cron::parse("7,37 * * * *", zone).value();
    auto time = cron.next_after(at("2026-01-01T00:00:00Z"));
    EXPECT_EQ(time, at("2026-01-01T00:07:00Z"));
    while (time < at("2027-01-01T00:00:00Z")) {
      auto next = cron.next_after(time);
      ASSERT_EQ(next - time, 30min) << zone << ' ' << to_rfc3339(time);
      ASSERT_EQ(cron.next_after(next - 1ms), next);
      time = next;
    }
  }
}

TEST(Cron, FixedHoursComeOnceADayWhateverTheClocksDo) {
  for (auto zone : {"Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran"})
    for (auto text : {"30 1 * * *", "15 2 * * *", "0 0 * * *", "59 23 * * *"}) {
      auto cron = Cron::parse(text, zone).value();
      auto time = at("2026-01-01T00:00:00Z");
      int days = 0;
      for (; time < at("2027-01-01T00:00:00Z"); ++days) {
        auto next = cron.next_after(time);
        ASSERT_GT(next, time);
        if (days > 0) {
          ASSERT_GE(next - time, 22h) << zone << ' ' << text << ' ' << to_rfc3339(time);
          ASSERT_LE(next - time, 26h) << zone << ' ' << text << ' ' << to_rfc3339(time);
        }
        time = next;
      }
      EXPECT_GE(days, 365);
      EXPECT_LE(days, 366);
    }
}

}  // namespace
}  // namespace parley::queue
