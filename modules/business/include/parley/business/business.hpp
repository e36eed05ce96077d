#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/id.hpp"
#include "parley/business/agent.hpp"
#include "parley/calendar/zone.hpp"

namespace parley::business {

/// Opening times of one day, minutes since local midnight, half open, in order, not overlapping.
struct OpenSpan {
  std::chrono::minutes from{0};
  std::chrono::minutes to{0};
  friend bool operator==(const OpenSpan&, const OpenSpan&) = default;
};
using DayHours = std::vector<OpenSpan>;
/// Index 0 is Sunday, as std::chrono::weekday::c_encoding().
using WeekHours = std::array<DayHours, 7>;

struct Service {
  ServiceId id;
  std::string name;                  ///< "Teeth cleaning"
  std::vector<std::string> aliases;  ///< what callers say: "cleaning", "check-up"
  std::chrono::minutes duration{30};
  std::chrono::minutes buffer_before{0};
  std::chrono::minutes buffer_after{0};
  std::optional<std::int64_t> price_minor;  ///< empty: not told on the phone
  std::string currency = "USD";
  std::string description;
  std::vector<ResourceId> resources;  ///< who or what can give it; empty: any
};

/// A dentist, a chair, a room: what can be in one appointment at a time.
struct Resource {
  ResourceId id;
  std::string name;
};

/// A day with other hours than usual; no spans means closed.
struct Holiday {
  HolidayId id;
  calendar::Date date;
  std::string name;
  DayHours hours;
};

struct BookingRules {
  std::chrono::minutes minimum_notice{60};
  std::chrono::days furthest_ahead{90};
  std::chrono::minutes slot_step{15};
};

enum class BusinessStatus { active, suspended };

/// Everything about one business that answering a call needs: an immutable snapshot.
struct Profile {
  BusinessId id;
  OrganizationId organization;
  std::string name;
  std::string phone;    ///< the first number that rings for it, E.164; may be empty
  std::string address;  ///< as spoken
  std::string email;
  std::string website;
  std::string description;
  std::string time_zone = "America/New_York";
  BusinessStatus status = BusinessStatus::active;
  WeekHours hours;
  std::vector<Holiday> holidays;
  std::vector<Service> services;
  std::vector<Resource> resources;
  BookingRules booking;
  Agent agent;
  std::int64_t version = 0;

  /// The spans of that day: the holiday's when there is one.
  const DayHours& hours_on(calendar::Date date) const;
  const Holiday* holiday_on(calendar::Date date) const;
  const Service* service(const ServiceId& id) const;
};

}  // namespace parley::business
