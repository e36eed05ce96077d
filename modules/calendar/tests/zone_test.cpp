#include "parley/calendar/zone.hpp"

#include <gtest/gtest.h>

namespace parley::calendar {
namespace {

Zone zone(std::string_view name) { return Zone::find(name).value(); }
LocalTime local(std::string_view text) { return parse_local(text).value(); }
std::string utc(Result<WallTime> time) { return time ? to_rfc3339(*time) : time.error().detail; }

TEST(LocalText, RoundTrips) {
  EXPECT_EQ(to_text(local("2026-03-05T14:00")), "2026-03-05T14:00");
  EXPECT_EQ(to_text(parse_date("2028-02-29").value()), "2028-02-29");
}

TEST(LocalText, RefusesWhatIsNotATime) {
  for (auto* text : {"", "2026-02-30T10:00", "2026-03-05", "2026-03-05T24:00", "2026-03-05T10:60",
                     "2026-03-05T10:00Z", "2026-3-5T10:00", "2026-03-05 10:00", "0000-01-01T00:00",
                     "2026-03-05T1a:00", "2026-13-05T10:00"}) {
    auto time = parse_local(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().code, Errc::invalid);
  }
  for (auto* text : {"", "2026-02-30", "2025-02-29", "03/05/2026", "2026-00-10"})
    EXPECT_EQ(parse_date(text).error().code, Errc::invalid) << text;
}

TEST(Zone, UnknownNamesTheNearest) {
  auto wrong = Zone::find("America/New_Yrok");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::invalid);
  EXPECT_NE(wrong.error().detail.find("America/New_York"), std::string::npos);
  EXPECT_NE(Zone::find("Berlin").error().detail.find("Europe/Berlin"), std::string::npos);
  for (auto* bad : {"", "../../etc/passwd", "/etc/passwd", "America/", "."})
    EXPECT_EQ(Zone::find(bad).error().code, Errc::invalid) << bad;
  EXPECT_EQ(Zone::find(std::string(5000, 'x')).error().code, Errc::invalid);
}

TEST(Zone, ConvertsBothWays) {
  auto new_york = zone("America/New_York");
  EXPECT_EQ(utc(new_york.to_wall(local("2026-03-05T14:00"))), "2026-03-05T19:00:00.000Z");
  EXPECT_EQ(utc(new_york.to_wall(local("2026-07-05T14:00"))), "2026-07-05T18:00:00.000Z");
  auto time = parse_rfc3339("2026-03-05T19:00:59.999Z").value();
  EXPECT_EQ(to_text(new_york.to_local(time)), "2026-03-05T14:00");
  EXPECT_EQ(to_text(zone("Asia/Kathmandu").to_local(time)), "2026-03-06T00:45");
  EXPECT_EQ(to_text(zone("UTC").to_local(parse_rfc3339("1969-12-31T23:59:30Z").value())),
            "1969-12-31T23:59");
}

TEST(Zone, SpringGapIsNoTime) {
  auto new_york = zone("America/New_York");
  EXPECT_EQ(utc(new_york.to_wall(local("2026-03-08T01:59"))), "2026-03-08T06:59:00.000Z");
  for (auto* skipped : {"2026-03-08T02:00", "2026-03-08T02:30", "2026-03-08T02:59"}) {
    auto time = new_york.to_wall(local(skipped));
    ASSERT_FALSE(time) << skipped;
    EXPECT_EQ(time.error().code, Errc::invalid);
    EXPECT_EQ(to_rfc3339(new_york.to_wall_or_next(local(skipped))), "2026-03-08T07:00:00.000Z");
  }
  EXPECT_EQ(utc(new_york.to_wall(local("2026-03-08T03:00"))), "2026-03-08T07:00:00.000Z");
}

TEST(Zone, AutumnOverlapIsTheFirstOfTheTwo) {
  auto new_york = zone("America/New_York");
  EXPECT_EQ(utc(new_york.to_wall(local("2026-11-01T01:30"))), "2026-11-01T05:30:00.000Z");
  EXPECT_EQ(to_rfc3339(new_york.to_wall_or_next(local("2026-11-01T01:30"))),
            "2026-11-01T05:30:00.000Z");
  for (auto* time : {"2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"})
    EXPECT_EQ(to_text(new_york.to_local(parse_rfc3339(time).value())), "2026-11-01T01:30");
}

TEST(Spoken, TimesOfDay) {
  using std::chrono::minutes;
  EXPECT_EQ(spoken_time(minutes{14 * 60}), "2 PM");
  EXPECT_EQ(spoken_time(minutes{14 * 60 + 5}), "2:05 PM");
  EXPECT_EQ(spoken_time(minutes{12 * 60}), "noon");
  EXPECT_EQ(spoken_time(minutes{12 * 60 + 30}), "12:30 PM");
  EXPECT_EQ(spoken_time(minutes{0}), "midnight");
  EXPECT_EQ(spoken_time(minutes{24 * 60}), "midnight");
  EXPECT_EQ(spoken_time(minutes{30}), "12:30 AM");
}

TEST(Spoken, DaysNearAndFar) {
  auto now = local("2026-03-02T10:00");
  EXPECT_EQ(spoken(parse_date("2026-03-05").value()), "Thursday, March 5th");
  EXPECT_EQ(spoken(local("2026-03-02T14:30"), now), "today at 2:30 PM");
  EXPECT_EQ(spoken(local("2026-03-03T14:30"), now), "tomorrow at 2:30 PM");
  EXPECT_EQ(spoken(local("2026-03-05T14:00"), now), "Thursday, March 5th at 2 PM");
  EXPECT_EQ(spoken(local("2026-03-21T12:00"), now), "Saturday, March 21st at noon");
  EXPECT_EQ(spoken(local("2026-05-22T09:00"), now), "Friday, May 22nd at 9 AM");
  EXPECT_EQ(spoken(local("2026-05-23T09:00"), now), "Saturday, May 23rd at 9 AM");
  EXPECT_EQ(spoken(local("2026-05-11T09:00"), now), "Monday, May 11th at 9 AM");
  EXPECT_EQ(spoken(local("2027-03-05T09:00"), now), "Friday, March 5th, 2027 at 9 AM");
  EXPECT_EQ(spoken(local("2026-02-27T09:00"), now), "Friday, February 27th, 2026 at 9 AM");
}

}  // namespace
}  // namespace parley::calendar
