#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/calendar/zone.hpp"
#include "parley/store/database.hpp"

namespace parley::booking {

enum class Source { voice_agent, web, staff, api, import };
enum class AppointmentStatus { booked, cancelled };
std::string_view to_string(Source source) noexcept;
Result<Source> parse_source(std::string_view text);
std::string_view to_string(AppointmentStatus status) noexcept;

struct Customer {
  std::string name;
  std::string phone;  ///< E.164 or empty
  std::string email;
};

struct Appointment {
  AppointmentId id;
  BusinessId business;
  ServiceId service;
  std::string service_name;
  ResourceId resource;
  std::string resource_name;
  WallTime start;
  WallTime end;  ///< without buffers
  calendar::LocalTime local_start;
  Customer customer;
  std::string notes;
  Source source = Source::api;
  CallId call;
  AppointmentStatus status = AppointmentStatus::booked;
  WallTime created;
  WallTime updated;
  std::int64_t version = 0;
};

/// Why a slot cannot be had.
enum class Refusal {
  taken,
  closed,
  holiday,
  past,
  too_soon,
  too_far,
  no_such_time,
  unknown_service
};
std::string_view to_string(Refusal refusal) noexcept;

struct Slot {
  calendar::LocalTime start;
  calendar::LocalTime end;
  WallTime start_utc;
  ResourceId resource;
  std::string resource_name;
};

struct SlotRequest {
  BusinessId business;
  ServiceId service;
  calendar::LocalTime start;
  ResourceId resource;  ///< empty: any that is free
};

struct Validation {
  std::optional<Refusal> refusal;
  std::vector<Slot> alternatives;  ///< nearest free ones, at most 3, when refused
};

struct BookRequest {
  SlotRequest slot;
  Customer customer;
  std::string notes;
  Source source = Source::api;
  CallId call;
  std::string idempotency_key;  ///< empty: none
};

/// A booking that was made, or why not and what else is free.
struct Booked {
  std::optional<Appointment> appointment;
  Validation validation;
};

struct AvailabilityQuery {
  BusinessId business;
  ServiceId service;
  calendar::LocalTime from;
  calendar::LocalTime to;  ///< at most 31 days after from
  ResourceId resource;
  std::size_t limit = 100;
};

struct AppointmentQuery {
  BusinessId business;  ///< empty: all of the organization's
  std::optional<WallTime> from;
  std::optional<WallTime> to;
  std::optional<Source> source;
  std::optional<AppointmentStatus> status;
  std::string phone;  ///< E.164; empty: all
  std::int64_t page = 1;
  std::int64_t limit = 50;
  std::string sort;  ///< start or createdAt; "-" before it: the greatest first; empty: by start
};
struct AppointmentList {
  std::vector<Appointment> items;
  std::int64_t total = 0;
};

/// Slots and appointments, conflict-proof under concurrency. Bound to ctx.organization.
/// Thread-safe.
class Booking {
 public:
  virtual ~Booking() = default;
  virtual Task<std::vector<Slot>> availability(Context ctx, AvailabilityQuery query) = 0;
  virtual Task<Validation> validate(Context ctx, SlotRequest request) = 0;
  /// Errors: invalid (customer), not_found (business); a slot that cannot be had is no error.
  virtual Task<Booked> book(Context ctx, BookRequest request) = 0;
  /// Errors: not_found, conflict (stale version, cancelled appointment).
  virtual Task<Booked> move(Context ctx, AppointmentId id, calendar::LocalTime start,
                            std::int64_t expected_version) = 0;
  /// Changes customer and notes only.
  virtual Task<Appointment> update(Context ctx, AppointmentId id, Customer customer,
                                   std::string notes, std::int64_t expected_version) = 0;
  /// Idempotent.
  virtual Task<Appointment> cancel(Context ctx, AppointmentId id) = 0;
  virtual Task<Appointment> get(Context ctx, AppointmentId id) = 0;
  virtual Task<AppointmentList> list(Context ctx, AppointmentQuery query) = 0;
  /// iCalendar text (RFC 5545) of a business's appointments from 30 days back on.
  virtual Task<std::string> calendar_feed(Context ctx, BusinessId business) = 0;
};

std::unique_ptr<Booking> make_booking(store::Database& database, Clock& clock, Random& random);

}  // namespace parley::booking
