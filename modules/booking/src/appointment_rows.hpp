#pragma once
#include "parley/base/json.hpp"
#include "schedule.hpp"

namespace parley::booking {

/// An appointment with what only the table knows.
struct StoredAppointment {
  Appointment appointment;
  WallTime busy_from;
  WallTime busy_until;
};

struct IdempotencyMark {
  std::string key;
  std::string digest;
};

/// Errors: not_found.
Result<StoredAppointment> load_appointment(store::Tx& tx, const OrganizationId& organization,
                                           const AppointmentId& id);
/// The appointment a key once made; nothing for a new key. Errors: invalid when the key stood for
/// another request.
Result<std::optional<Appointment>> find_by_key(store::Tx& tx, const OrganizationId& organization,
                                               const IdempotencyMark& mark);
Result<void> insert_appointment(store::Tx& tx, const OrganizationId& organization,
                                const StoredAppointment& stored, const IdempotencyMark& mark);
/// Writes what may change and raises the version in place. Errors: conflict when the stored version
/// is another.
Result<void> save_appointment(store::Tx& tx, const OrganizationId& organization,
                              StoredAppointment& stored);
Result<AppointmentList> list_appointments(store::Tx& tx, const OrganizationId& organization,
                                          const AppointmentQuery& query);
/// Every booked appointment of the business that touches [from, until), but `except`.
Result<std::vector<Busy>> busy_times(store::Tx& tx, const OrganizationId& organization,
                                     const BusinessId& business, WallTime from, WallTime until,
                                     const AppointmentId& except);

/// The appointment as events carry it.
json::object to_json(const Appointment& appointment);

}  // namespace parley::booking
