#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "parley/calendar/zone.hpp"

namespace parley::calendar {

/// What a person's words say about when. Days and times are found separately, because callers give
/// them in separate sentences ("tomorrow" ... "two o'clock") and correct one of them
/// ("no, make it Thursday").
struct When {
  /// A day, or the first and last day of a span ("next week", "this month").
  std::optional<Date> first_day;
  std::optional<Date> last_day;
  /// A time of day, or a span ("afternoon" is 12:00 to 17:00, "after three" 15:00 to 24:00).
  std::optional<std::chrono::minutes> earliest;
  std::optional<std::chrono::minutes> latest;
  /// "two" said alone: morning or afternoon was not said; `earliest` holds the reading inside usual
  /// opening hours (7:00 to 18:59).
  bool meridiem_guessed = false;
  /// "as soon as possible", "the next one you have".
  bool soonest = false;

  bool has_day() const { return first_day.has_value(); }
  bool exact_day() const { return first_day && first_day == last_day; }
  bool has_time() const { return earliest.has_value(); }
  bool exact_time() const { return earliest && earliest == latest; }
  bool empty() const { return !first_day && !earliest && !soonest; }
};

enum class DateProblem {
  none,
  no_such_day,  ///< February 30th
  in_the_past   ///< "yesterday", "last Monday", a date of this year gone by without a year said
};

struct NaturalDate {
  When when;
  DateProblem problem = DateProblem::none;
  /// The words that problem is about, or that were understood: "february thirtieth".
  std::string words;
};

/// Finds day and time expressions anywhere in `text`: lower or mixed case, digits or number words,
/// with or without punctuation ("tomorrow at two", "next friday afternoon", "the 3rd of march",
/// "march third at half past ten", "monday the ninth", "in two weeks", "3/14", "2026-03-14",
/// "quarter to four", "14:30", "two thirty pm", "noon", "on the fifth", "this evening").
/// `now` is the local time where the business is.
NaturalDate parse_natural_date(std::string_view text, LocalTime now);

}  // namespace parley::calendar
