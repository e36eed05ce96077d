#pragma once
#include <optional>
#include <vector>

#include "clock_words.hpp"
#include "parley/calendar/natural_date.hpp"

namespace parley::calendar {

/// One expression about a time of day, found at tokens [from, to).
struct TimeFind {
  enum class Kind { point, range, from_on, until, part, offset };
  Kind kind = Kind::point;
  std::size_t from = 0;
  std::size_t to = 0;
  ClockSaid first;  ///< point, range, from_on
  ClockSaid last;   ///< range, until
  // part: "afternoon" is 12:00 to 17:00 and says which half of the day a clock time is in
  int part_from = 0;
  int part_to = 0;
  bool part_in_morning = false;
  int minutes_from_now = 0;  ///< offset
};

/// Every time expression, left to right, not overlapping. `taken` marks the tokens of days.
std::vector<TimeFind> find_times(const Words& words, const std::vector<bool>& taken);

/// What the chosen time and part of day mean together, in minutes since midnight.
struct TimeMeant {
  int earliest = 0;
  int latest = 0;
  bool guessed = false;
};
TimeMeant time_meant(const TimeFind& find, const TimeFind* part);

/// "as soon as possible", "the next one you have"
bool wants_soonest(const Words& words);

}  // namespace parley::calendar
