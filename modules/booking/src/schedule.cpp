#include "schedule.hpp"

#include <algorithm>

namespace parley::booking {

namespace {

using business::Resource;
using business::Service;
using calendar::LocalTime;
using std::chrono::days;

calendar::Date date_of(LocalTime time) { return calendar::Date{std::chrono::floor<days>(time)}; }

}  // namespace

BusyTimes::BusyTimes(std::vector<Busy> all) {
  std::ranges::sort(all, {}, &Busy::from);
  for (const auto& busy : all) {
    auto& spans = spans_[busy.resource];
    auto latest = spans.empty() ? busy.until : std::max(spans.back().latest_until, busy.until);
    spans.push_back({busy.from, busy.until, latest});
  }
}

bool BusyTimes::free(const ResourceId& resource, WallTime from, WallTime until) const {
  auto found = spans_.find(resource);
  if (found == spans_.end()) return true;
  auto after = std::ranges::lower_bound(found->second, until, {}, &Span::from);
  return after == found->second.begin() || std::prev(after)->latest_until <= from;
}

std::chrono::milliseconds BusyTimes::load(const ResourceId& resource, WallTime from,
                                          WallTime until) const {
  std::chrono::milliseconds sum{0};
  auto found = spans_.find(resource);
  if (found == spans_.end()) return sum;
  for (const auto& span : found->second) {
    auto start = std::max(span.from, from);
    auto end = std::min(span.until, until);
    if (start < end) sum += end - start;
  }
  return sum;
}

Result<Schedule> Schedule::make(const business::Profile& profile, WallTime now) {
  auto zone = calendar::Zone::find(profile.time_zone);
  if (!zone) return std::unexpected(zone.error());
  return Schedule(profile, std::move(*zone), now);
}

calendar::Date Schedule::last_date() const {
  return date_of(zone_.to_local(now_) + profile_.booking.furthest_ahead);
}

bool Schedule::open(calendar::Date date, WallTime from, WallTime until) const {
  std::chrono::local_days midnight{date};
  return std::ranges::any_of(profile_.hours_on(date), [&](const business::OpenSpan& span) {
    return zone_.to_wall_or_next(midnight + span.from) <= from &&
           until <= zone_.to_wall_or_next(midnight + span.to);
  });
}

std::expected<Placed, Refusal> Schedule::place(const Service& service, LocalTime start) const {
  auto start_utc = zone_.to_wall(start);
  if (!start_utc) return std::unexpected(Refusal::no_such_time);
  if (*start_utc < now_) return std::unexpected(Refusal::past);
  if (*start_utc < now_ + profile_.booking.minimum_notice)
    return std::unexpected(Refusal::too_soon);
  auto date = date_of(start);
  if (date > last_date()) return std::unexpected(Refusal::too_far);
  Placed placed{.start = start, .start_utc = *start_utc, .end_utc = *start_utc + service.duration};
  if (!open(date, placed.start_utc, placed.end_utc))
    return std::unexpected(profile_.holiday_on(date) ? Refusal::holiday : Refusal::closed);
  placed.end = zone_.to_local(placed.end_utc);
  placed.busy_from = placed.start_utc - service.buffer_before;
  placed.busy_until = placed.end_utc + service.buffer_after;
  return placed;
}

Result<std::vector<Resource>> Schedule::candidates(const Service& service,
                                                   const ResourceId& wanted) const {
  std::vector<Resource> able;
  for (const auto& resource : profile_.resources) {
    bool gives = service.resources.empty() ||
                 std::ranges::find(service.resources, resource.id) != service.resources.end();
    if (gives && (wanted.empty() || wanted == resource.id)) able.push_back(resource);
  }
  if (!wanted.empty() && able.empty())
    return fail(Errc::invalid, "resource: does not give this service");
  if (profile_.resources.empty()) able.push_back({});
  std::ranges::sort(able, [](const Resource& a, const Resource& b) {
    return std::tie(a.name, a.id) < std::tie(b.name, b.id);
  });
  return able;
}

std::pair<WallTime, WallTime> Schedule::whole_days(LocalTime from, LocalTime to) const {
  return {zone_.to_wall_or_next(std::chrono::floor<days>(from)),
          zone_.to_wall_or_next(std::chrono::floor<days>(to) + days{1})};
}

const Resource* Schedule::choose(const std::vector<Resource>& candidates, const BusyTimes& busy,
                                 const Placed& placed) const {
  const Resource* best = nullptr;
  std::chrono::milliseconds least{0};
  auto [day_start, day_end] = whole_days(placed.start, placed.start);
  for (const auto& resource : candidates) {
    if (!busy.free(resource.id, placed.busy_from, placed.busy_until)) continue;
    auto load = busy.load(resource.id, day_start, day_end);
    if (best && load >= least) continue;
    best = &resource;
    least = load;
  }
  return best;
}

std::vector<Slot> Schedule::free_slots(const Service& service,
                                       const std::vector<Resource>& candidates,
                                       const BusyTimes& busy, LocalTime from, LocalTime to,
                                       std::size_t limit) const {
  std::vector<Slot> slots;
  from = std::max(from, zone_.to_local(now_));
  auto last = std::chrono::local_days{last_date()};
  for (auto day = std::chrono::floor<days>(from); day < to && day <= last; day += days{1}) {
    for (const auto& span : profile_.hours_on(calendar::Date{day})) {
      for (auto time = span.from; time < span.to; time += profile_.booking.slot_step) {
        LocalTime start = day + time;
        if (start < from || start >= to) continue;
        auto placed = place(service, start);
        if (!placed) continue;
        const auto* resource = choose(candidates, busy, *placed);
        if (!resource) continue;
        slots.push_back(
            {placed->start, placed->end, placed->start_utc, resource->id, resource->name});
        if (slots.size() >= limit) return slots;
      }
    }
  }
  return slots;
}

LocalTime Schedule::nearest_bookable(LocalTime wish) const {
  auto first = zone_.to_local(now_ + profile_.booking.minimum_notice);
  LocalTime last = std::chrono::local_days{last_date()} + std::chrono::hours{24};
  return std::clamp(wish, first, std::max(first, last));
}

}  // namespace parley::booking
