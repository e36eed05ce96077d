#pragma once
#include <array>
#include <string_view>

namespace parley::calendar {

inline constexpr std::array<std::string_view, 12> month_names{
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
/// Index 0 is Sunday, as std::chrono::weekday::c_encoding().
inline constexpr std::array<std::string_view, 7> weekday_names{
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

/// A month and day said without a year mean the one within this many days before or after today.
inline constexpr int unambiguous_days = 180;

}  // namespace parley::calendar
