#include "simulated_day.hpp"

#include <fmt/format.h>

#include "day.hpp"

namespace parley::simulation {

std::string DayReport::text() const {
  return fmt::format(
      "{} appointments ({} refused, {} cancelled), {} events, {} deliveries, {} requests outside, "
      "{} crashes, digest {}",
      booked, refused, cancelled, events, deliveries, outside_requests, crashes, digest);
}

DayReport live_through_a_day(DayOptions options) {
  Day day(options);
  return day.live();
}

}  // namespace parley::simulation
