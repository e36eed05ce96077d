#include "parley/business/business.hpp"

#include <algorithm>

namespace parley::business {

const Holiday* Profile::holiday_on(calendar::Date date) const {
  auto found = std::ranges::find(holidays, date, &Holiday::date);
  return found == holidays.end() ? nullptr : &*found;
}

const DayHours& Profile::hours_on(calendar::Date date) const {
  if (const auto* holiday = holiday_on(date)) return holiday->hours;
  return hours[std::chrono::weekday{std::chrono::local_days{date}}.c_encoding()];
}

const Service* Profile::service(const ServiceId& id) const {
  auto found = std::ranges::find(services, id, &Service::id);
  return found == services.end() ? nullptr : &*found;
}

}  // namespace parley::business
