#pragma once
#include <chrono>
#include <compare>
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"

namespace parley::calendar {

using Date = std::chrono::year_month_day;
/// What a wall clock shows, in no particular zone; minutes.
using LocalTime = std::chrono::local_time<std::chrono::minutes>;

/// "2026-03-05T14:00". Errors: invalid (also for February 30th).
Result<LocalTime> parse_local(std::string_view text);
std::string to_text(LocalTime time);
Result<Date> parse_date(std::string_view text);  ///< "2026-03-05"
std::string to_text(Date date);

/// A time zone of the IANA database. Cheap to copy, immutable.
class Zone {
 public:
  /// Errors: invalid for an unknown name, naming the nearest known one.
  static Result<Zone> find(std::string_view name);

  const std::string& name() const noexcept { return name_; }
  LocalTime to_local(WallTime time) const;

  /// Errors: invalid when daylight saving skips that time on that day. A time that occurs twice is
  /// the first of the two.
  Result<WallTime> to_wall(LocalTime time) const;
  /// Like to_wall, but a skipped time becomes the first instant after the gap.
  WallTime to_wall_or_next(LocalTime time) const;

 private:
  Zone(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;
};

/// "Thursday, March 5th at 2 PM", "tomorrow at 2:30 PM" (relative to `now` when within a week).
std::string spoken(LocalTime time, LocalTime now);
/// "Thursday, March 5th"
std::string spoken(Date date);
/// "2 PM", "2:30 PM", "noon"
std::string spoken_time(std::chrono::minutes since_midnight);

}  // namespace parley::calendar
