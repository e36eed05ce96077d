#pragma once
#include <utility>

#include "day_rules.hpp"

namespace parley::calendar {

using Found = std::optional<DayFind>;

/// Rules for one day said by name or number, and for months.
class SingleDays {
 public:
  SingleDays(const Words& words, Day today) : words_(words), today_(today) {}

  /// A single day at token i, with a bare weekday resolved.
  Found one_day(std::size_t i) const;

  Found named(std::size_t i) const;
  Found written(std::size_t i) const;
  Found month_phrase(std::size_t i) const;
  Found weekdays(std::size_t i) const;
  Found month_first(std::size_t i) const;
  Found day_first(std::size_t i) const;
  Found the_ordinal(std::size_t i) const;

 protected:
  enum class Part { whole, early, middle, late };
  /// "early", "the beginning of", "later", "the end of" before a week or month.
  std::pair<std::size_t, Part> part_of_span(std::size_t i) const;
  static Day in_week(Day monday, std::chrono::weekday day) {
    return monday + (day - std::chrono::weekday{monday});
  }
  DayFind find(DayFind::Kind kind, std::size_t from, std::size_t to, Day first, Day last) const;
  DayFind exact(std::size_t from, std::size_t to, Day day) const;
  DayFind missing(std::size_t from, std::size_t to) const;

  const Words& words_;
  Day today_;

 private:
  DayFind month_span(std::size_t from, std::size_t to, Date month, Part part) const;
  Found dated_weekday(std::size_t from, std::size_t at, std::chrono::weekday day) const;
  bool is_time_after(std::size_t number) const;
  std::pair<std::optional<int>, std::size_t> year_at(std::size_t i) const;
  DayFind dated(std::size_t from, std::size_t to, int month, int day,
                std::optional<int> year) const;
};

inline Day month_end(Date date) { return Day{date.year() / date.month() / std::chrono::last}; }

/// A month or weekday name; `sure` unless the word is also something else ("sun", "sat", "mar").
struct NameOf {
  unsigned value;
  bool sure;
};
std::optional<NameOf> month_name(std::string_view word);
std::optional<NameOf> weekday_name(std::string_view word);

}  // namespace parley::calendar
