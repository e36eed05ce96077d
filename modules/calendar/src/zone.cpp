#include "parley/calendar/zone.hpp"

#include <date/tz.h>

#include <mutex>
#include <unordered_map>

#include "parley/base/strings.hpp"

namespace parley::calendar {

namespace {

const date::time_zone& tz(const void* zone) { return *static_cast<const date::time_zone*>(zone); }

date::local_time<std::chrono::minutes> to_date(LocalTime time) {
  return date::local_time<std::chrono::minutes>{time.time_since_epoch()};
}

WallTime to_wall_time(date::local_time<std::chrono::minutes> time, std::chrono::seconds offset) {
  return WallTime{time.time_since_epoch() - offset};
}

std::string nearest_zone(std::string_view name) {
  std::string lower = to_lower(name);
  std::string best;
  std::size_t best_distance = std::string::npos;
  for (const auto& zone : date::get_tzdb().zones) {
    auto candidate = to_lower(zone.name());
    auto distance = edit_distance(lower, candidate);
    // "New York" for "America/New_York": the city alone may be what was meant.
    if (auto slash = candidate.rfind('/'); slash != std::string::npos)
      distance = std::min(distance, edit_distance(lower, candidate.substr(slash + 1)));
    if (distance < best_distance) {
      best_distance = distance;
      best = zone.name();
    }
  }
  return best;
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
  if (name.empty()) return fail(Errc::invalid, "the time zone is empty");
  if (name.size() > 64) return fail(Errc::invalid, "the time zone's name is too long");
  try {
    const auto* zone = date::locate_zone(name);
    return Zone(std::string(name), zone);
  } catch (const std::runtime_error&) {
    return fail(Errc::invalid, "no time zone is called '" + std::string(name) +
                                   "'; the nearest is '" + nearest_zone(name) + "'");
  }
}

LocalTime Zone::to_local(WallTime time) const {
  auto local =
      tz(zone_).to_local(date::sys_time<std::chrono::milliseconds>{time.time_since_epoch()});
  return LocalTime{std::chrono::floor<std::chrono::minutes>(local.time_since_epoch())};
}

Result<WallTime> Zone::to_wall(LocalTime time) const {
  auto local = to_date(time);
  auto found = tz(zone_).get_info(local);
  if (found.result == date::local_info::nonexistent)
    return fail(Errc::invalid,
                to_text(time) + " does not occur in " + name_ + ": daylight saving skips it");
  return to_wall_time(local, found.first.offset);
}

WallTime Zone::to_wall_or_next(LocalTime time) const {
  auto local = to_date(time);
  auto found = tz(zone_).get_info(local);
  if (found.result == date::local_info::nonexistent)
    return WallTime{found.first.end.time_since_epoch()};
  return to_wall_time(local, found.first.offset);
}

}  // namespace parley::calendar
