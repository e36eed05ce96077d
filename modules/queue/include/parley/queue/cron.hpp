#pragma once
#include <bitset>
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"

namespace parley::queue {

/// When something recurs: five cron fields (minute, hour, day of month, month, day of week) in a
/// time zone of the IANA database, or @hourly, @daily, @weekly, @monthly, @yearly. Fields know *,
/// lists, ranges, steps and English names of months and days; 0 and 7 are Sunday; when both days
/// are restricted, either may match, as cron has always had it.
///
/// Daylight saving: with a fixed hour, a time that the clocks skip runs at the first instant after
/// the gap, and one that they show twice runs the first time only. With an hour of "*", what
/// counts is the clock's face at each instant: every quarter of an hour stays every quarter.
/// A value; immutable.
class Cron {
 public:
  /// Errors: invalid, naming the field or the nearest zone; also for dates that never come.
  static Result<Cron> parse(std::string_view text, std::string_view zone);

  /// The first occurrence after `time`.
  WallTime next_after(WallTime time) const;
  /// The hour is "*": occurrences follow each other through the day, and after the clock was set
  /// back they go on from there instead of waiting until it has caught up.
  bool through_the_day() const noexcept { return hours_.all(); }

  const std::string& text() const noexcept { return text_; }
  const std::string& zone() const noexcept { return zone_name_; }

 private:
  Cron() = default;
  WallTime next_face(WallTime time) const;
  WallTime next_fixed(WallTime time) const;
  bool day_matches(int year, unsigned month, unsigned day, unsigned weekday) const;

  std::string text_;
  std::string zone_name_;
  const void* zone_ = nullptr;
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace parley::queue
