#include "appointment_rows.hpp"

#include <fmt/format.h>

#include <array>

#include "parley/store/sort.hpp"

namespace parley::booking {

namespace {

constexpr std::string_view columns =
    "id, business_id, service_id, service_name, resource_id, resource_name, start_at, end_at, "
    "busy_from, busy_until, local_start, customer_name, customer_phone, customer_email, notes, "
    "source, call_id, status, created_at, updated_at, version, request_digest";

/// Longer than any duration with its buffers: 24 hours and twice 8.
constexpr auto longest_busy = std::chrono::hours(48);

template <class T>
T read(Result<T> stored) {
  if (!stored) throw std::logic_error("a stored appointment: " + stored.error().detail);
  return *stored;
}

StoredAppointment from_row(const store::Row& row) {
  StoredAppointment stored;
  auto& a = stored.appointment;
  a.id = row.id<AppointmentId>("id");
  a.business = row.id<BusinessId>("business_id");
  a.service = row.id<ServiceId>("service_id");
  a.service_name = row.text("service_name");
  a.resource = row.id<ResourceId>("resource_id");
  a.resource_name = row.text("resource_name");
  a.start = row.time("start_at");
  a.end = row.time("end_at");
  a.local_start = read(calendar::parse_local(row.text("local_start")));
  a.customer = {row.text("customer_name"), row.text("customer_phone"), row.text("customer_email")};
  a.notes = row.text("notes");
  a.source = read(parse_source(row.text("source")));
  a.call = row.id<CallId>("call_id");
  a.status = row.text("status") == to_string(AppointmentStatus::booked)
                 ? AppointmentStatus::booked
                 : AppointmentStatus::cancelled;
  a.created = row.time("created_at");
  a.updated = row.time("updated_at");
  a.version = row.integer("version");
  stored.busy_from = row.time("busy_from");
  stored.busy_until = row.time("busy_until");
  return stored;
}

std::string select(std::string_view rest) {
  return fmt::format("SELECT {} FROM appointments WHERE {}", columns, rest);
}

}  // namespace

Result<StoredAppointment> load_appointment(store::Tx& tx, const OrganizationId& organization,
                                           const AppointmentId& id) {
  static const std::string sql = select("organization_id = ?1 AND id = ?2");
  auto row = tx.one(sql, {organization, id});
  if (!row && row.error().code == Errc::not_found)
    return fail(Errc::not_found, "no such appointment");
  if (!row) return std::unexpected(row.error());
  return from_row(*row);
}

Result<std::optional<Appointment>> find_by_key(store::Tx& tx, const OrganizationId& organization,
                                               const IdempotencyMark& mark) {
  if (mark.key.empty()) return std::nullopt;
  static const std::string sql = select("organization_id = ?1 AND idempotency_key = ?2");
  auto rows = tx.query(sql, {organization, mark.key});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  if (rows->front().optional_text("request_digest") != mark.digest)
    return fail(Errc::invalid, "the idempotency key was used for another booking");
  return from_row(rows->front()).appointment;
}

Result<void> insert_appointment(store::Tx& tx, const OrganizationId& organization,
                                const StoredAppointment& stored, const IdempotencyMark& mark) {
  const auto& a = stored.appointment;
  bool keyed = !mark.key.empty();
  auto done = tx.execute(
      "INSERT INTO appointments (id, organization_id, business_id, service_id, service_name, "
      "resource_id, resource_name, start_at, end_at, busy_from, busy_until, local_start, "
      "customer_name, customer_phone, customer_email, notes, source, call_id, status, created_at, "
      "updated_at, version, idempotency_key, request_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
      "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24) "
      // The same key in a transaction beside this one: PostgreSQL then runs this one again, and it
      // finds the appointment.
      "ON CONFLICT (organization_id, idempotency_key) DO NOTHING",
      {a.id,
       organization,
       a.business,
       a.service,
       a.service_name,
       a.resource,
       a.resource_name,
       a.start,
       a.end,
       stored.busy_from,
       stored.busy_until,
       calendar::to_text(a.local_start),
       a.customer.name,
       a.customer.phone,
       a.customer.email,
       a.notes,
       to_string(a.source),
       a.call,
       to_string(a.status),
       a.created,
       a.updated,
       a.version,
       keyed ? store::Value(mark.key) : store::Value(),
       keyed ? store::Value(mark.digest) : store::Value()});
  if (!done) return std::unexpected(done.error());
  if (*done == 0) return fail(Errc::conflict, "the idempotency key is in use");
  return {};
}

Result<void> save_appointment(store::Tx& tx, const OrganizationId& organization,
                              StoredAppointment& stored) {
  auto& a = stored.appointment;
  a.updated = tx.now();
  auto changed = tx.execute(
      "UPDATE appointments SET service_name = ?1, resource_id = ?2, resource_name = ?3, "
      "start_at = ?4, end_at = ?5, busy_from = ?6, busy_until = ?7, local_start = ?8, "
      "customer_name = ?9, customer_phone = ?10, customer_email = ?11, notes = ?12, status = ?13, "
      "updated_at = ?14, version = version + 1 "
      "WHERE organization_id = ?15 AND id = ?16 AND version = ?17",
      {a.service_name, a.resource, a.resource_name, a.start, a.end, stored.busy_from,
       stored.busy_until, calendar::to_text(a.local_start), a.customer.name, a.customer.phone,
       a.customer.email, a.notes, to_string(a.status), a.updated, organization, a.id, a.version});
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return fail(Errc::conflict, "the appointment was changed in the meantime");
  ++a.version;
  return {};
}

Result<AppointmentList> list_appointments(store::Tx& tx, const OrganizationId& organization,
                                          const AppointmentQuery& query) {
  std::string where = "organization_id = ?1";
  store::Params params{organization};
  auto add = [&](std::string_view condition, store::Value value) {
    params.push_back(std::move(value));
    where += fmt::format(" AND {} ?{}", condition, params.size());
  };
  if (!query.business.empty()) add("business_id =", query.business);
  if (query.from) add("start_at >=", *query.from);
  if (query.to) add("start_at <", *query.to);
  if (query.source) add("source =", to_string(*query.source));
  if (query.status) add("status =", to_string(*query.status));
  if (!query.phone.empty()) add("customer_phone =", query.phone);

  auto count = tx.one("SELECT COUNT(*) AS n FROM appointments WHERE " + where, params);
  if (!count) return std::unexpected(count.error());
  AppointmentList list;
  list.total = count->integer("n");
  constexpr std::array fields{store::SortField{"start", "start_at"},
                              store::SortField{"createdAt", "created_at"}};
  auto order = store::order_by(query.sort, fields, "start_at, id");
  if (!order) return std::unexpected(order.error());
  where += fmt::format("{} LIMIT ?{} OFFSET ?{}", *order, params.size() + 1, params.size() + 2);
  params.emplace_back(query.limit);
  params.emplace_back((query.page - 1) * query.limit);
  auto rows = tx.query(select(where), std::move(params));
  if (!rows) return std::unexpected(rows.error());
  for (const auto& row : *rows) list.items.push_back(from_row(row).appointment);
  return list;
}

Result<std::vector<Busy>> busy_times(store::Tx& tx, const OrganizationId& organization,
                                     const BusinessId& business, WallTime from, WallTime until,
                                     const AppointmentId& except) {
  auto rows = tx.query(
      "SELECT id, resource_id, busy_from, busy_until FROM appointments WHERE organization_id = ?1 "
      "AND business_id = ?2 AND status = 'booked' AND busy_from > ?3 AND busy_from < ?4 "
      "AND busy_until > ?5",
      {organization, business, from - longest_busy, until, from});
  if (!rows) return std::unexpected(rows.error());
  std::vector<Busy> all;
  for (const auto& row : *rows)
    if (row.id<AppointmentId>("id") != except)
      all.push_back(
          {row.id<ResourceId>("resource_id"), row.time("busy_from"), row.time("busy_until")});
  return all;
}

json::object to_json(const Appointment& a) {
  return {{"id", a.id.str()},
          {"business", a.business.str()},
          {"service", a.service.str()},
          {"serviceName", a.service_name},
          {"resource", a.resource.str()},
          {"resourceName", a.resource_name},
          {"start", to_rfc3339(a.start)},
          {"end", to_rfc3339(a.end)},
          {"localStart", calendar::to_text(a.local_start)},
          {"customer",
           {{"name", a.customer.name}, {"phone", a.customer.phone}, {"email", a.customer.email}}},
          {"notes", a.notes},
          {"source", to_string(a.source)},
          {"call", a.call.str()},
          {"status", to_string(a.status)},
          {"version", a.version}};
}

}  // namespace parley::booking
