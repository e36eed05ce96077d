#include "opening.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::dialog {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

calendar::Date day_of(calendar::LocalTime time) {
  return calendar::Date{std::chrono::floor<days>(time)};
}
minutes time_of(calendar::LocalTime time) { return time - std::chrono::floor<days>(time); }

/// The week's days that have the same hours and follow each other, Monday first.
struct DayRun {
  std::size_t first = 0;
  std::size_t last = 0;
};

std::vector<DayRun> runs_of(const business::WeekHours& hours) {
  std::vector<DayRun> runs;
  for (std::size_t i = 1; i <= 7; ++i) {
    auto day = i % 7;
    if (hours[day].empty()) continue;
    bool goes_on = !runs.empty() && runs.back().last == i - 1 && hours[day] == hours[i - 1];
    if (goes_on)
      runs.back().last = i;
    else
      runs.push_back({i, i});
  }
  return runs;
}

}  // namespace

Refusal refusal_from(std::string_view reason) {
  if (reason == "taken") return Refusal::taken;
  if (reason == "closed") return Refusal::outside_hours;
  if (reason == "holiday") return Refusal::holiday;
  if (reason == "past") return Refusal::past;
  if (reason == "too_soon") return Refusal::too_soon;
  if (reason == "too_far") return Refusal::too_far;
  if (reason == "no_such_time") return Refusal::no_such_time;
  return Refusal::other;
}

bool same_day_may_do(Refusal refusal) {
  return refusal == Refusal::taken || refusal == Refusal::outside_hours ||
         refusal == Refusal::too_soon || refusal == Refusal::no_such_time ||
         refusal == Refusal::past;
}

std::optional<Refusal> refusal_of_day(const business::Profile& profile, calendar::Date day,
                                      calendar::LocalTime now) {
  auto today = std::chrono::floor<days>(now);
  if (local_days(day) < today) return Refusal::past;
  if (local_days(day) > today + profile.booking.furthest_ahead) return Refusal::too_far;
  if (!profile.hours_on(day).empty()) return std::nullopt;
  return profile.holiday_on(day) ? Refusal::holiday : Refusal::closed_day;
}

std::optional<Refusal> refusal_of(const business::Profile& profile, const calendar::Zone& zone,
                                  minutes duration, calendar::LocalTime start, WallTime now) {
  auto wall = zone.to_wall(start);
  if (!wall) return Refusal::no_such_time;
  if (*wall <= now) return Refusal::past;
  if (auto refused = refusal_of_day(profile, day_of(start), zone.to_local(now))) return refused;
  auto from = time_of(start);
  const auto& hours = profile.hours_on(day_of(start));
  bool fits = std::ranges::any_of(hours, [&](const business::OpenSpan& span) {
    return from >= span.from && from + duration <= span.to;
  });
  if (!fits) return Refusal::outside_hours;
  if (*wall < now + profile.booking.minimum_notice) return Refusal::too_soon;
  return std::nullopt;
}

bool is_open(const business::Profile& profile, calendar::LocalTime at) {
  auto time = time_of(at);
  return std::ranges::any_of(profile.hours_on(day_of(at)), [&](const business::OpenSpan& span) {
    return time >= span.from && time < span.to;
  });
}

std::string spoken_spans(const business::DayHours& hours) {
  std::string text;
  for (const auto& span : hours) {
    auto to =
        span.to >= minutes(24 * 60) ? std::string("midnight") : calendar::spoken_time(span.to);
    text += fmt::format("{}{} to {}", text.empty() ? "" : " and ", calendar::spoken_time(span.from),
                        to);
  }
  return text;
}

std::string spoken_week(const business::WeekHours& hours) {
  auto runs = runs_of(hours);
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    auto [first, last] = runs[i];
    std::string days(weekdays[first % 7]);
    if (last == first + 1) days += fmt::format(" and {}", weekdays[last % 7]);
    if (last > first + 1) days += fmt::format(" to {}", weekdays[last % 7]);
    if (i > 0) text += i + 1 == runs.size() ? ", and " : ", ";
    text += fmt::format("{}, {}", days, spoken_spans(hours[first % 7]));
  }
  return text;
}

std::string weekday_name(calendar::Date date) {
  return std::string(weekdays[std::chrono::weekday(local_days(date)).c_encoding()]);
}

}  // namespace parley::dialog
