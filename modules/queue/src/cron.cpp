#include "parley/queue/cron.hpp"

#include <date/tz.h>

#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "parley/base/strings.hpp"

namespace parley::queue {

namespace {

using Minutes = std::chrono::minutes;
using LocalMinute = date::local_time<Minutes>;

constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> day_names{"sun", "mon", "tue", "wed",
                                                    "thu", "fri", "sat"};
/// Leap days are at most eight years apart.
constexpr int years_ahead = 9;

struct Field {
  std::string_view what;
  int min;
  int max;
  std::span<const std::string_view> names;  ///< of min, min + 1, ...
};

constexpr Field fields[]{{"minute", 0, 59, {}},
                         {"hour", 0, 23, {}},
                         {"day of month", 1, 31, {}},
                         {"month", 1, 12, month_names},
                         {"day of week", 0, 7, day_names}};

std::unexpected<Error> wrong(const Field& field, std::string_view text) {
  return fail(Errc::invalid, "cron: '" + std::string(text) + "' is no " + std::string(field.what) +
                                 " (" + std::to_string(field.min) + " to " +
                                 std::to_string(field.max) + ", *, a-b, a,b, */n)");
}

std::optional<int> number(const Field& field, std::string_view text) {
  auto lower = to_lower(text);
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (lower == field.names[i]) return field.min + static_cast<int>(i);
  int value = 0;
  auto [stopped, ec] = std::from_chars(text.begin(), text.end(), value);
  if (ec != std::errc{} || stopped != text.end() || value < field.min || value > field.max)
    return std::nullopt;
  return value;
}

/// "*", "5", "1-5", "*/15", "8-18/2", of a list.
template <std::size_t N>
Result<void> read_item(const Field& field, std::string_view item, std::bitset<N>& out) {
  auto slash = item.find('/');
  int step = 1;
  if (slash != std::string_view::npos) {
    auto text = item.substr(slash + 1);
    auto [stopped, ec] = std::from_chars(text.begin(), text.end(), step);
    if (ec != std::errc{} || stopped != text.end() || step < 1 || step > field.max)
      return wrong(field, item);
  }
  auto range = item.substr(0, slash);
  auto dash = range.find('-');
  int first = field.min;
  int last = field.max;
  if (range != "*") {
    auto from = number(field, range.substr(0, dash));
    auto to = dash == std::string_view::npos ? from : number(field, range.substr(dash + 1));
    if (!from || !to || *from > *to) return wrong(field, item);
    first = *from;
    // "5/15" means from 5 on.
    last = dash == std::string_view::npos && slash != std::string_view::npos ? field.max : *to;
  }
  for (int value = first; value <= last; value += step)
    out.set(static_cast<std::size_t>(value) % (field.max == 7 ? 7 : N));
  return {};
}

template <std::size_t N>
Result<void> read_field(const Field& field, std::string_view text, std::bitset<N>& out) {
  for (const auto& item : split(text, ','))
    if (auto read = read_item(field, item, out); !read) return read;
  return {};
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (auto& word : split(text, ' '))
    if (!word.empty()) found.push_back(std::move(word));
  return found;
}

std::string_view macro(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> macros[]{
      {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"}};
  for (auto& [name, meaning] : macros)
    if (text == name) return meaning;
  return text;
}

Result<const date::time_zone*> find_zone(std::string_view name) {
  const date::time_zone* found = nullptr;
  try {
    if (!name.empty() && name.size() <= 64) found = date::locate_zone(name);
  } catch (const std::runtime_error&) {
    found = nullptr;  // not one of them
  }
  if (found) return found;
  std::vector<std::string> known;
  for (const auto& zone : date::get_tzdb().zones) known.push_back(zone.name());
  auto message = "no time zone is called '" + std::string(name.substr(0, 64)) + "'";
  if (auto close = nearest(name.substr(0, 64), known))
    message += "; did you mean '" + *close + "'?";
  return fail(Errc::invalid, message);
}

const date::time_zone& tz(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

date::sys_time<std::chrono::milliseconds> to_sys(WallTime time) {
  return date::sys_time<std::chrono::milliseconds>{time.time_since_epoch()};
}

LocalMinute to_local(const void* zone, WallTime time) {
  return date::floor<Minutes>(tz(zone).to_local(to_sys(time)));
}

/// The first instant that shows this time; after a gap, the first after it.
WallTime first_instant(const void* zone, LocalMinute local) {
  auto info = tz(zone).get_info(local);
  if (info.result == date::local_info::nonexistent)
    return WallTime{std::chrono::milliseconds(info.first.end.time_since_epoch())};
  return WallTime{local.time_since_epoch() - info.first.offset};
}

struct Day {
  int year;
  unsigned month;
  unsigned day;
  unsigned weekday;
};
Day split_day(date::local_days days) {
  date::year_month_day ymd(days);
  return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()), date::weekday(days).c_encoding()};
}

}  // namespace

Result<Cron> Cron::parse(std::string_view text, std::string_view zone) {
  if (text.size() > 200) return fail(Errc::invalid, "cron: too long");
  auto parts = words(macro(trim(text)));
  if (parts.size() != std::size(fields))
    return fail(Errc::invalid,
                "cron: '" + std::string(text) +
                    "' must have five fields: minute hour day-of-month month day-of-week");
  Cron cron;
  cron.text_ = std::string(trim(text));
  cron.zone_name_ = std::string(zone);
  auto found = find_zone(zone);
  if (!found) return std::unexpected(found.error());
  cron.zone_ = *found;
  std::bitset<8> weekdays;
  for (auto& read :
       {read_field(fields[0], parts[0], cron.minutes_),
        read_field(fields[1], parts[1], cron.hours_), read_field(fields[2], parts[2], cron.days_),
        read_field(fields[3], parts[3], cron.months_), read_field(fields[4], parts[4], weekdays)})
    if (!read) return std::unexpected(read.error());
  for (std::size_t day = 0; day < 7; ++day) cron.weekdays_[day] = weekdays[day];
  cron.any_day_ = parts[2].starts_with('*');
  cron.any_weekday_ = parts[4].starts_with('*');
  // February 30th, and the like.
  bool comes = !cron.any_weekday_;
  constexpr unsigned longest[]{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (unsigned month = 1; month <= 12; ++month)
    for (unsigned day = 1; day <= longest[month]; ++day)
      comes |= cron.months_[month] && cron.days_[day];
  if (!comes) return fail(Errc::invalid, "cron: '" + cron.text_ + "' never comes");
  return cron;
}

bool Cron::day_matches(int, unsigned month, unsigned day, unsigned weekday) const {
  if (!months_[month]) return false;
  bool by_day = days_[day];
  bool by_weekday = weekdays_[weekday];
  if (any_day_ || any_weekday_) return by_day && by_weekday;
  return by_day || by_weekday;
}

WallTime Cron::next_after(WallTime time) const {
  return through_the_day() ? next_face(time) : next_fixed(time);
}

WallTime Cron::next_face(WallTime time) const {
  auto instant = std::chrono::floor<Minutes>(time) + 1min;
  auto limit = instant + std::chrono::years(years_ahead);
  while (instant < limit) {
    auto local = to_local(zone_, instant);
    auto midnight = date::floor<date::days>(local);
    auto day = split_day(midnight);
    if (!day_matches(day.year, day.month, day.day, day.weekday)) {
      auto tomorrow = first_instant(zone_, midnight + date::days(1));
      instant = std::max(std::chrono::floor<Minutes>(tomorrow), instant + 1min);
      continue;
    }
    auto minute = static_cast<std::size_t>((local - midnight).count() % 60);
    if (minutes_[minute]) return instant;
    instant += 1min;
  }
  return limit;
}

WallTime Cron::next_fixed(WallTime time) const {
  auto local = to_local(zone_, time);
  auto day = date::floor<date::days>(local);
  auto limit = day + date::days(366 * years_ahead);
  for (; day < limit; day += date::days(1)) {
    auto parts = split_day(day);
    if (!day_matches(parts.year, parts.month, parts.day, parts.weekday)) continue;
    for (std::size_t hour = 0; hour < 24; ++hour) {
      if (!hours_[hour]) continue;
      for (std::size_t minute = 0; minute < 60; ++minute) {
        if (!minutes_[minute]) continue;
        auto at = day + std::chrono::hours(hour) + Minutes(minute);
        auto instant = first_instant(zone_, at);
        if (instant > time) return instant;
      }
    }
  }
  return first_instant(zone_, limit);
}

}  // namespace parley::queue
