#pragma once
#include <optional>
#include <vector>

#include "parley/calendar/natural_date.hpp"
#include "tokens.hpp"

namespace parley::calendar {

using Day = std::chrono::local_days;

/// One expression about a day, found at tokens [from, to).
struct DayFind {
  enum class Kind {
    exact,         ///< tomorrow, March 3rd
    span,          ///< the weekend, the next two weeks
    week,          ///< next week: a weekday said beside it lies in it
    month,         ///< next month, in March: so does a day of the month
    weekday,       ///< Friday
    day_of_month,  ///< the fifth
  };
  Kind kind = Kind::exact;
  std::size_t from = 0;
  std::size_t to = 0;
  Day first{};
  Day last{};
  std::chrono::weekday weekday{};
  unsigned day_of_month = 0;
  DateProblem problem = DateProblem::none;
};

/// Every day expression, left to right, not overlapping. Linear in the number of tokens.
std::vector<DayFind> find_days(const Words& words, Day today);

/// The day with that number in the month of `month`; no_such_day when it has none.
DayFind day_in_month(DayFind month, unsigned day, Day today);
/// The first such weekday after today.
Day next_weekday(std::chrono::weekday weekday, Day today);
/// The next day with that number, from today on.
Day next_day_of_month(unsigned day, Day today);
/// The Monday of the week of `day`.
Day monday_of(Day day);

}  // namespace parley::calendar
