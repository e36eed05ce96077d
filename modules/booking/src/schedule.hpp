#pragma once
#include <expected>
#include <unordered_map>

#include "parley/booking/booking.hpp"
#include "parley/business/business.hpp"

namespace parley::booking {

/// When a resource is in an appointment, buffers included.
struct Busy {
  ResourceId resource;
  WallTime from;
  WallTime until;
};

/// The busy times of some days, by resource.
class BusyTimes {
 public:
  explicit BusyTimes(std::vector<Busy> all);
  bool free(const ResourceId& resource, WallTime from, WallTime until) const;
  /// How much of [from, until) the resource is busy.
  std::chrono::milliseconds load(const ResourceId& resource, WallTime from, WallTime until) const;

 private:
  struct Span {
    WallTime from;
    WallTime until;
    WallTime latest_until;  ///< of this span and all before it
  };
  std::unordered_map<ResourceId, std::vector<Span>> spans_;
};

/// A start with everything that follows from it.
struct Placed {
  calendar::LocalTime start;
  calendar::LocalTime end;
  WallTime start_utc;
  WallTime end_utc;
  WallTime busy_from;
  WallTime busy_until;
};

/// The rules of one business at one moment, without the database.
class Schedule {
 public:
  /// Errors: invalid (time zone).
  static Result<Schedule> make(const business::Profile& profile, WallTime now);

  /// Every rule but whether the slot is taken. The appointment itself lies inside one span of
  /// opening hours; its buffers may lie outside.
  std::expected<Placed, Refusal> place(const business::Service& service,
                                       calendar::LocalTime start) const;

  /// Who can give the service, by name; the wanted one only, when there is one. A business without
  /// resources is one itself, with an empty id. Errors: invalid when the wanted one cannot.
  Result<std::vector<business::Resource>> candidates(const business::Service& service,
                                                     const ResourceId& wanted) const;

  /// The free one that is least busy that day, then the first by name; null when all are taken.
  const business::Resource* choose(const std::vector<business::Resource>& candidates,
                                   const BusyTimes& busy, const Placed& placed) const;

  /// Free slots that start in [from, to), in order, each with its resource.
  std::vector<Slot> free_slots(const business::Service& service,
                               const std::vector<business::Resource>& candidates,
                               const BusyTimes& busy, calendar::LocalTime from,
                               calendar::LocalTime to, std::size_t limit) const;

  /// Where to look for alternatives to a wish: the nearest moment that could be booked at all.
  calendar::LocalTime nearest_bookable(calendar::LocalTime wish) const;

  const business::Profile& profile() const { return profile_; }
  /// In UTC: from the midnight that starts the day of `from` to the one that ends the day of `to`.
  std::pair<WallTime, WallTime> whole_days(calendar::LocalTime from, calendar::LocalTime to) const;

 private:
  Schedule(const business::Profile& profile, calendar::Zone zone, WallTime now)
      : profile_(profile), zone_(std::move(zone)), now_(now) {}
  bool open(calendar::Date date, WallTime from, WallTime until) const;
  calendar::Date last_date() const;

  const business::Profile& profile_;  ///< the caller keeps it
  calendar::Zone zone_;
  WallTime now_;
};

}  // namespace parley::booking
