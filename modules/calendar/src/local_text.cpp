#include <fmt/format.h>

#include "parley/calendar/zone.hpp"

namespace parley::calendar {

namespace {

/// Exactly `text`, digits only; -1 otherwise.
int digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

}  // namespace

Result<Date> parse_date(std::string_view text) {
  auto wrong = [&] {
    return fail(Errc::invalid, fmt::format("not a date (YYYY-MM-DD): {}", text));
  };
  if (text.size() > 40) return fail(Errc::invalid, "not a date (YYYY-MM-DD)");
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return wrong();
  int year = digits(text.substr(0, 4));
  int month = digits(text.substr(5, 2));
  int day = digits(text.substr(8, 2));
  if (year < 1 || month < 0 || day < 0) return wrong();
  Date date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return fail(Errc::invalid, fmt::format("there is no such day: {}", text));
  return date;
}

Result<LocalTime> parse_local(std::string_view text) {
  auto wrong = [&] {
    return fail(Errc::invalid, text.size() > 40
                                   ? "not a local time (YYYY-MM-DDTHH:MM)"
                                   : fmt::format("not a local time (YYYY-MM-DDTHH:MM): {}", text));
  };
  if (text.size() != 16 || text[10] != 'T' || text[13] != ':') return wrong();
  auto date = parse_date(text.substr(0, 10));
  if (!date) return std::unexpected(date.error());
  int hour = digits(text.substr(11, 2));
  int minute = digits(text.substr(14, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return wrong();
  return std::chrono::local_days{*date} + std::chrono::hours{hour} + std::chrono::minutes{minute};
}

std::string to_text(Date date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string to_text(LocalTime time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  auto minutes = (time - day).count();
  return fmt::format("{}T{:02}:{:02}", to_text(Date{day}), minutes / 60, minutes % 60);
}

}  // namespace parley::calendar
