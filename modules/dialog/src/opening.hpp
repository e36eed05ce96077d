#pragma once
#include "parley/business/business.hpp"

namespace parley::dialog {

/// Why a time cannot be had, as far as the profile alone tells, or as the calendar's tools say.
enum class Refusal {
  taken,
  closed_day,     ///< no opening hours on that day
  outside_hours,  ///< open that day, but not then, or not long enough
  holiday,
  past,
  too_soon,
  too_far,
  no_such_time,
  other
};
/// From the `reason` of a booking tool.
Refusal refusal_from(std::string_view reason);

/// Whether another time of the same day may still do.
bool same_day_may_do(Refusal refusal);

/// What the profile says against `start`; nothing when the calendar may have it.
std::optional<Refusal> refusal_of(const business::Profile& profile, const calendar::Zone& zone,
                                  std::chrono::minutes duration, calendar::LocalTime start,
                                  WallTime now);
/// The same for a whole day, of which the time is not known yet.
std::optional<Refusal> refusal_of_day(const business::Profile& profile, calendar::Date day,
                                      calendar::LocalTime now);

bool is_open(const business::Profile& profile, calendar::LocalTime at);
/// "8 AM to noon and 1 PM to 5 PM"
std::string spoken_spans(const business::DayHours& hours);
/// "Monday to Friday, 8 AM to 5 PM, and Saturday, 9 AM to noon"; empty when never open.
std::string spoken_week(const business::WeekHours& hours);
std::string weekday_name(calendar::Date date);

}  // namespace parley::dialog
