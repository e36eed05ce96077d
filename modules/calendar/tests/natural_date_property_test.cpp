#include <gtest/gtest.h>

#include "parley/calendar/natural_date.hpp"

namespace parley::calendar {
namespace {

using std::chrono::days;
using std::chrono::minutes;

LocalTime at(std::string_view text) { return parse_local(text).value(); }

// What the agent says back to confirm is understood as what it meant.
TEST(SpokenProperty, EverySpokenTimeParsesBackToItself) {
  int checked = 0;
  for (auto* start :
       {"2026-03-02T10:00", "2026-02-28T23:59", "2027-12-29T09:15", "2028-02-27T00:00"}) {
    auto now = at(start);
    auto today = std::chrono::floor<days>(now);
    for (int ahead = 0; ahead <= 500; ++ahead) {
      // A time of day of every kind, another one each day.
      auto time = today + days{ahead} + minutes{(ahead * 37) % 96 * 15};
      auto text = spoken(time, now);
      auto found = parse_natural_date(text, now);
      EXPECT_EQ(found.problem, DateProblem::none) << text;
      ASSERT_TRUE(found.when.exact_day() && found.when.exact_time()) << text << " from " << start;
      EXPECT_EQ(to_text(*found.when.first_day), to_text(Date{today + days{ahead}})) << text;
      EXPECT_EQ(*found.when.earliest, time - (today + days{ahead})) << text;
      EXPECT_FALSE(found.when.meridiem_guessed) << text;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 4 * 501);
}

TEST(SpokenProperty, EverySpokenDateWithinHalfAYearParsesBack) {
  for (auto* start : {"2026-03-02T10:00", "2026-09-15T10:00", "2027-12-31T10:00"}) {
    auto now = at(start);
    auto today = std::chrono::floor<days>(now);
    for (int ahead = 0; ahead <= 180; ++ahead) {
      Date date{today + days{ahead}};
      auto found = parse_natural_date(spoken(date), now);
      EXPECT_EQ(found.problem, DateProblem::none) << spoken(date);
      ASSERT_TRUE(found.when.exact_day()) << spoken(date);
      EXPECT_EQ(to_text(*found.when.first_day), to_text(date)) << spoken(date);
      EXPECT_FALSE(found.when.has_time()) << spoken(date);
    }
  }
}

TEST(SpokenProperty, EveryMinuteOfTheDayParsesBack) {
  auto now = at("2026-03-02T10:00");
  for (int minute = 0; minute < 24 * 60; ++minute) {
    auto text = "tomorrow at " + spoken_time(minutes{minute});
    auto found = parse_natural_date(text, now);
    ASSERT_TRUE(found.when.exact_time()) << text;
    EXPECT_EQ(*found.when.earliest, minutes{minute}) << text;
  }
}

}  // namespace
}  // namespace parley::calendar
