#include <fmt/format.h>

#include "parley/calendar/zone.hpp"
#include "words.hpp"

namespace parley::calendar {

namespace {

std::string_view ordinal_suffix(unsigned number) {
  if (number % 100 >= 11 && number % 100 <= 13) return "th";
  switch (number % 10) {
    case 1:
      return "st";
    case 2:
      return "nd";
    case 3:
      return "rd";
    default:
      return "th";
  }
}

std::string capital(std::string_view word) {
  std::string text(word);
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace

std::string spoken(Date date) {
  std::chrono::weekday weekday{std::chrono::local_days{date}};
  auto month = static_cast<unsigned>(date.month());
  auto day = static_cast<unsigned>(date.day());
  return fmt::format("{}, {} {}{}", capital(weekday_names[weekday.c_encoding()]),
                     capital(month_names[month - 1]), day, ordinal_suffix(day));
}

std::string spoken_time(std::chrono::minutes since_midnight) {
  auto minutes = since_midnight.count() % (24 * 60);
  if (minutes == 0) return "midnight";
  if (minutes == 12 * 60) return "noon";
  auto hour = minutes / 60;
  auto hour12 = hour % 12 == 0 ? 12 : hour % 12;
  auto half = hour < 12 ? "AM" : "PM";
  if (minutes % 60 == 0) return fmt::format("{} {}", hour12, half);
  return fmt::format("{}:{:02} {}", hour12, minutes % 60, half);
}

std::string spoken(LocalTime time, LocalTime now) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  auto today = std::chrono::floor<std::chrono::days>(now);
  auto ahead = (day - today).count();
  auto at = spoken_time(time - day);
  if (ahead == 0) return "today at " + at;
  if (ahead == 1) return "tomorrow at " + at;
  // A month and day alone mean the coming one only while they are near: see assumed_year().
  if (ahead < 0 || ahead > unambiguous_days)
    return fmt::format("{}, {} at {}", spoken(Date{day}), static_cast<int>(Date{day}.year()), at);
  return fmt::format("{} at {}", spoken(Date{day}), at);
}

}  // namespace parley::calendar
