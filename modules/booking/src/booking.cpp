#include "parley/booking/booking.hpp"

#include <algorithm>

#include "appointment_rows.hpp"
#include "calendar_feed.hpp"
#include "customer.hpp"
#include "parley/base/strings.hpp"
#include "parley/business/businesses.hpp"

namespace parley::booking {

namespace {

using business::Profile;
using calendar::LocalTime;
using std::chrono::days;

constexpr std::size_t max_slots = 1000;
constexpr std::size_t max_alternatives = 3;
constexpr std::int64_t max_in_feed = 5000;

/// What a transaction decided about a slot.
struct Decision {
  std::optional<Appointment> appointment;
  std::optional<Refusal> refusal;
};

Decision refused(Refusal refusal) { return {.refusal = refusal}; }

Result<void> record(store::Tx& tx, const Appointment& a, std::string type, json::object more = {}) {
  json::object data{{"appointment", to_json(a)}};
  for (auto& [key, value] : more) data.insert_or_assign(key, std::move(value));
  // One event for each version: the stream's own version guards it once more.
  auto appended = tx.append(a.id.str(), {std::move(type), std::move(data)},
                            store::ExpectedVersion::exactly(a.version - 1));
  if (!appended) return std::unexpected(appended.error());
  return {};
}

/// Why two bookings never overlap: write transactions are serializable on both databases, and this
/// reads every appointment that could be in the way before the slot is written. So of two that run
/// at once, one is run again and sees the other.
Result<Decision> fit(store::Tx& tx, const Schedule& schedule, const SlotRequest& request,
                     const AppointmentId& moving, StoredAppointment& into) {
  const auto* service = schedule.profile().service(request.service);
  if (!service) return refused(Refusal::unknown_service);
  auto candidates = schedule.candidates(*service, request.resource);
  if (!candidates) return std::unexpected(candidates.error());
  auto placed = schedule.place(*service, request.start);
  if (!placed) return refused(placed.error());
  auto [from, until] = schedule.whole_days(request.start, request.start);
  auto busy =
      busy_times(tx, schedule.profile().organization, request.business,
                 std::min(from, placed->busy_from), std::max(until, placed->busy_until), moving);
  if (!busy) return std::unexpected(busy.error());
  BusyTimes times(std::move(*busy));
  const auto* resource = schedule.choose(*candidates, times, *placed);
  // A moved appointment stays with whom it was, if that one has time.
  auto same = std::ranges::find(*candidates, into.appointment.resource, &business::Resource::id);
  if (!moving.empty() && same != candidates->end() &&
      times.free(same->id, placed->busy_from, placed->busy_until))
    resource = &*same;
  if (!resource) return refused(Refusal::taken);
  auto& a = into.appointment;
  a.business = request.business;
  a.service = service->id;
  a.service_name = service->name;
  a.resource = resource->id;
  a.resource_name = resource->name;
  a.start = placed->start_utc;
  a.end = placed->end_utc;
  a.local_start = placed->start;
  into.busy_from = placed->busy_from;
  into.busy_until = placed->busy_until;
  return Decision{.appointment = a};
}

Result<void> check_version(const Appointment& found, std::int64_t expected) {
  if (expected == 0 || expected == found.version) return {};
  return fail(Errc::conflict, "the appointment was changed in the meantime");
}

class StoredBooking final : public Booking {
 public:
  StoredBooking(store::Database& database, Clock& clock, Random& random)
      : db_(database), clock_(clock), random_(random) {}

  Task<std::vector<Slot>> availability(Context ctx, AvailabilityQuery query) override {
    if (query.to < query.from || query.to - query.from > days{31})
      co_return fail(Errc::invalid, "to: must lie at most 31 days after from");
    if (query.limit < 1 || query.limit > max_slots)
      co_return fail(Errc::invalid, "limit: must be 1 to 1000");
    auto look = [&query,
                 organization = ctx.organization](store::Tx& tx) -> Result<std::vector<Slot>> {
      auto profile = business::load_profile(tx, organization, query.business);
      if (!profile) return std::unexpected(profile.error());
      auto schedule = Schedule::make(*profile, tx.now());
      if (!schedule) return std::unexpected(schedule.error());
      const auto* service = profile->service(query.service);
      if (!service) return fail(Errc::not_found, "no such service");
      auto candidates = schedule->candidates(*service, query.resource);
      if (!candidates) return std::unexpected(candidates.error());
      auto [from, until] = schedule->whole_days(query.from, query.to);
      auto busy = busy_times(tx, organization, query.business, from - days{1}, until + days{2}, {});
      if (!busy) return std::unexpected(busy.error());
      return schedule->free_slots(*service, *candidates, BusyTimes(std::move(*busy)), query.from,
                                  query.to, query.limit);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<Validation> validate(Context ctx, SlotRequest request) override {
    auto look = [&request, organization = ctx.organization](store::Tx& tx) -> Result<Validation> {
      auto profile = business::load_profile(tx, organization, request.business);
      if (!profile) return std::unexpected(profile.error());
      auto schedule = Schedule::make(*profile, tx.now());
      if (!schedule) return std::unexpected(schedule.error());
      StoredAppointment unused;
      auto decision = fit(tx, *schedule, request, {}, unused);
      if (!decision) return std::unexpected(decision.error());
      if (!decision->refusal) return Validation{};
      return alternatives_in(tx, *schedule, request, {}, *decision->refusal);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<Booked> book(Context ctx, BookRequest request) override {
    if (auto good = settle_customer(request.customer, request.notes); !good)
      co_return std::unexpected(good.error());
    if (request.idempotency_key.size() > 200 || request.call.str().size() > 80)
      co_return fail(Errc::invalid, "idempotency key: at most 200 bytes");
    auto id = AppointmentId::make(clock_, random_);
    IdempotencyMark mark{request.idempotency_key, request_digest(request)};
    auto change = [&, organization = ctx.organization](store::Tx& tx) -> Result<Decision> {
      return book_in(tx, organization, id, request, mark);
    };
    auto decision = co_await db_.write(ctx, change);
    if (!decision) co_return std::unexpected(decision.error());
    auto answer = explain(std::move(ctx), std::move(*decision), std::move(request.slot), {});
    co_return co_await std::move(answer);
  }

  Task<Booked> move(Context ctx, AppointmentId id, LocalTime start,
                    std::int64_t expected_version) override {
    SlotRequest slot;
    auto change = [&, organization = ctx.organization](store::Tx& tx) -> Result<Decision> {
      return move_in(tx, organization, id, start, expected_version, slot);
    };
    auto decision = co_await db_.write(ctx, change);
    if (!decision) co_return std::unexpected(decision.error());
    auto answer = explain(std::move(ctx), std::move(*decision), std::move(slot), std::move(id));
    co_return co_await std::move(answer);
  }

  Task<Appointment> update(Context ctx, AppointmentId id, Customer customer, std::string notes,
                           std::int64_t expected_version) override {
    if (auto good = settle_customer(customer, notes); !good)
      co_return std::unexpected(good.error());
    auto change = [&, organization = ctx.organization](store::Tx& tx) -> Result<Appointment> {
      auto found = load_appointment(tx, organization, id);
      if (!found) return std::unexpected(found.error());
      if (auto good = check_version(found->appointment, expected_version); !good)
        return std::unexpected(good.error());
      found->appointment.customer = customer;
      found->appointment.notes = notes;
      return changed(tx, organization, std::move(*found), "appointment.updated");
    };
    co_return co_await db_.write(std::move(ctx), change);
  }

  Task<Appointment> cancel(Context ctx, AppointmentId id) override {
    auto change = [&, organization = ctx.organization](store::Tx& tx) -> Result<Appointment> {
      auto found = load_appointment(tx, organization, id);
      if (!found) return std::unexpected(found.error());
      if (found->appointment.status == AppointmentStatus::cancelled) return found->appointment;
      found->appointment.status = AppointmentStatus::cancelled;
      return changed(tx, organization, std::move(*found), "appointment.cancelled");
    };
    co_return co_await db_.write(std::move(ctx), change);
  }

  Task<Appointment> get(Context ctx, AppointmentId id) override {
    auto look = [&, organization = ctx.organization](store::Tx& tx) -> Result<Appointment> {
      auto found = load_appointment(tx, organization, id);
      if (!found) return std::unexpected(found.error());
      return std::move(found->appointment);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<AppointmentList> list(Context ctx, AppointmentQuery query) override {
    if (query.page < 1 || query.page > 1'000'000)
      co_return fail(Errc::invalid, "page: counts from 1");
    if (query.limit < 1 || query.limit > 500)
      co_return fail(Errc::invalid, "limit: must be 1 to 500");
    if (!query.phone.empty()) {
      auto phone = normalize_e164(query.phone);
      if (!phone) co_return std::unexpected(phone.error());
      query.phone = std::move(*phone);
    }
    auto look = [&, organization = ctx.organization](store::Tx& tx) {
      return list_appointments(tx, organization, query);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<std::string> calendar_feed(Context ctx, BusinessId business) override {
    // Written on the database's thread: thousands of events take milliseconds.
    auto look = [&, organization = ctx.organization](store::Tx& tx) -> Result<std::string> {
      auto profile = business::load_profile(tx, organization, business);
      if (!profile) return std::unexpected(profile.error());
      AppointmentQuery query{.business = business,
                             .from = tx.now() - days{30},
                             .status = AppointmentStatus::booked,
                             .limit = max_in_feed};
      auto list = list_appointments(tx, organization, query);
      if (!list) return std::unexpected(list.error());
      return calendar_text(*profile, list->items);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

 private:
  static Result<Decision> book_in(store::Tx& tx, const OrganizationId& organization,
                                  const AppointmentId& id, const BookRequest& request,
                                  const IdempotencyMark& mark) {
    auto before = find_by_key(tx, organization, mark);
    if (!before) return std::unexpected(before.error());
    if (*before) return Decision{.appointment = **before};
    auto profile = business::load_profile(tx, organization, request.slot.business);
    if (!profile) return std::unexpected(profile.error());
    auto schedule = Schedule::make(*profile, tx.now());
    if (!schedule) return std::unexpected(schedule.error());
    StoredAppointment made;
    auto decision = fit(tx, *schedule, request.slot, {}, made);
    if (!decision || decision->refusal) return decision;
    auto& a = made.appointment;
    a.id = id;
    a.customer = request.customer;
    a.notes = request.notes;
    a.source = request.source;
    a.call = request.call;
    a.created = a.updated = tx.now();
    a.version = 1;
    if (auto done = insert_appointment(tx, organization, made, mark); !done)
      return std::unexpected(done.error());
    if (auto done = record(tx, a, "appointment.booked"); !done)
      return std::unexpected(done.error());
    return Decision{.appointment = a};
  }

  static Result<Decision> move_in(store::Tx& tx, const OrganizationId& organization,
                                  const AppointmentId& id, LocalTime start,
                                  std::int64_t expected_version, SlotRequest& slot) {
    auto found = load_appointment(tx, organization, id);
    if (!found) return std::unexpected(found.error());
    auto& a = found->appointment;
    if (a.status == AppointmentStatus::cancelled)
      return fail(Errc::conflict, "the appointment was cancelled");
    if (auto good = check_version(a, expected_version); !good) return std::unexpected(good.error());
    slot = {.business = a.business, .service = a.service, .start = start, .resource = {}};
    if (a.local_start == start) return Decision{.appointment = a};  // already there
    auto profile = business::load_profile(tx, organization, a.business);
    if (!profile) return std::unexpected(profile.error());
    auto schedule = Schedule::make(*profile, tx.now());
    if (!schedule) return std::unexpected(schedule.error());
    auto previous = a.start;
    auto decision = fit(tx, *schedule, slot, id, *found);
    if (!decision || decision->refusal) return decision;
    auto moved = changed(tx, organization, std::move(*found), "appointment.moved",
                         {{"previousStart", to_rfc3339(previous)}});
    if (!moved) return std::unexpected(moved.error());
    return Decision{.appointment = std::move(*moved)};
  }

  static Result<Appointment> changed(store::Tx& tx, const OrganizationId& organization,
                                     StoredAppointment stored, std::string type,
                                     json::object more = {}) {
    if (auto done = save_appointment(tx, organization, stored); !done)
      return std::unexpected(done.error());
    if (auto done = record(tx, stored.appointment, std::move(type), std::move(more)); !done)
      return std::unexpected(done.error());
    return std::move(stored.appointment);
  }

  /// A refusal's alternatives are read afterwards: the write stays short and collides with less.
  Task<Booked> explain(Context ctx, Decision decision, SlotRequest request, AppointmentId moving) {
    if (decision.appointment) co_return Booked{.appointment = std::move(decision.appointment)};
    auto look = [&, organization = ctx.organization](store::Tx& tx) -> Result<Booked> {
      auto profile = business::load_profile(tx, organization, request.business);
      if (!profile) return std::unexpected(profile.error());
      auto schedule = Schedule::make(*profile, tx.now());
      if (!schedule) return std::unexpected(schedule.error());
      auto validation = alternatives_in(tx, *schedule, request, moving, *decision.refusal);
      if (!validation) return std::unexpected(validation.error());
      return Booked{.validation = std::move(*validation)};
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  /// The free slots nearest to the wish: within a few days around it, else within a month after.
  static Result<Validation> alternatives_in(store::Tx& tx, const Schedule& schedule,
                                            const SlotRequest& request, const AppointmentId& moving,
                                            Refusal refusal) {
    Validation validation{.refusal = refusal};
    const auto* service = schedule.profile().service(request.service);
    if (!service) return validation;
    auto candidates = schedule.candidates(*service, request.resource);
    if (!candidates) return std::unexpected(candidates.error());
    auto wish = schedule.nearest_bookable(request.start);
    auto& slots = validation.alternatives;
    for (auto [before, after] : {std::pair{days{2}, days{3}}, std::pair{days{14}, days{31}}}) {
      auto [from, until] = schedule.whole_days(wish - before, wish + after);
      auto busy =
          busy_times(tx, schedule.profile().organization, request.business, from, until, moving);
      if (!busy) return std::unexpected(busy.error());
      slots = schedule.free_slots(*service, *candidates, BusyTimes(std::move(*busy)), wish - before,
                                  wish + after, max_slots * 10);
      if (!slots.empty()) break;
    }
    auto nearness = [&](const Slot& slot) {
      return std::pair{std::chrono::abs(slot.start - wish), slot.start};
    };
    std::ranges::sort(slots, {}, nearness);
    if (slots.size() > max_alternatives) slots.resize(max_alternatives);
    return validation;
  }

  store::Database& db_;
  Clock& clock_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Booking> make_booking(store::Database& database, Clock& clock, Random& random) {
  return std::make_unique<StoredBooking>(database, clock, random);
}

}  // namespace parley::booking
