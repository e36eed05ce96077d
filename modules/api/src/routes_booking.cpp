#include <fmt/format.h>

#include "booking_json.hpp"
#include "business_json.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using booking::Appointment;
using Profile = std::shared_ptr<const business::Profile>;

Outcome one_appointment(const Appointment& appointment) {
  return Reply{.data = appointment_json(appointment), .version = appointment.version};
}

/// "start" is an instant, "localStart" what the business's clock shows: one of the two.
std::expected<std::optional<calendar::LocalTime>, Failure> start_in(
    const json::object& body, const business::Profile& profile) {
  auto instant = time_in(body, "start");
  auto local = text_in(body, "localStart");
  if (instant && local) return refuse_field("localStart", "excludes start: give one of the two");
  if (local) return calendar::parse_local(*local).value();
  if (!instant) return std::nullopt;
  auto zone = calendar::Zone::find(profile.time_zone);
  if (!zone) return refuse(zone.error());
  return zone->to_local(*instant);
}

/// The slot a body asks for, at a business that exists.
asio::awaitable<std::expected<booking::SlotRequest, Failure>> slot_in(Request& in) {
  booking::SlotRequest slot;
  slot.business = BusinessId(text_in(in.body, "businessId").value_or(""));
  slot.service = ServiceId(text_in(in.body, "serviceId").value_or(""));
  slot.resource = ResourceId(text_in(in.body, "resourceId").value_or(""));
  auto looking = in.services.parts.businesses.get(in.ctx, slot.business);
  auto profile = co_await std::move(looking);
  if (!profile) co_return refuse(profile.error(), "business");
  auto start = start_in(in.body, **profile);
  if (!start) co_return std::unexpected(start.error());
  if (!*start) co_return refuse_field("start", "is required, or localStart");
  slot.start = **start;
  co_return slot;
}

booking::Customer customer_in(const json::object& body) {
  booking::Customer customer;
  customer.name = text_in(body, "name").value_or("");
  customer.phone = phone_in(body, "phone");
  customer.email = text_in(body, "email").value_or("");
  return customer;
}

Answer list_appointments(Request& in) {
  booking::AppointmentQuery query;
  query.business = BusinessId(in.query.text("business"));
  query.from = in.query.time("from");
  query.to = in.query.time("to");
  query.phone = in.query.phone("phone");
  if (auto source = in.query.text("source"); !source.empty())
    query.source = booking::parse_source(source).value();
  if (auto status = in.query.text("status"); !status.empty())
    query.status = status == "booked" ? booking::AppointmentStatus::booked
                                      : booking::AppointmentStatus::cancelled;
  query.page = in.query.integer("page", 1);
  query.limit = in.query.integer("limit", 50);
  query.sort = in.query.text("sort");
  auto page = query.page;
  auto limit = query.limit;
  return reply(in.services.parts.booking.list(in.ctx, std::move(query)),
               [page, limit](const booking::AppointmentList& list) -> Outcome {
                 json::array items;
                 for (auto& item : list.items) items.push_back(appointment_json(item));
                 return Reply{.data = std::move(items),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer create_appointment(Request& in) {
  auto finding = slot_in(in);
  auto slot = co_await std::move(finding);
  if (!slot) co_return std::unexpected(slot.error());
  booking::BookRequest request;
  request.slot = std::move(*slot);
  request.customer = customer_in(in.body.at("customer").as_object());
  request.notes = text_in(in.body, "notes").value_or("");
  request.source = booking::parse_source(text_in(in.body, "source").value_or("api")).value();
  request.idempotency_key = in.idempotency_key;
  auto booking = in.services.parts.booking.book(in.ctx, std::move(request));
  auto booked = co_await std::move(booking);
  if (!booked) co_return refuse(booked.error());
  if (!booked->appointment) co_return refuse_slot(booked->validation);
  co_return one_appointment(*booked->appointment);
}

Answer get_appointment(Request& in) {
  return reply(in.services.parts.booking.get(in.ctx, in.id<AppointmentId>()), one_appointment);
}

asio::awaitable<std::expected<Appointment, Failure>> checked_appointment(Request& in) {
  auto looking = in.services.parts.booking.get(in.ctx, in.id<AppointmentId>());
  auto found = co_await std::move(looking);
  if (!found) co_return refuse(found.error());
  if (auto good = in.check_if_match(found->version); !good) co_return std::unexpected(good.error());
  co_return std::move(*found);
}

Answer change_refused(Request& in, const Error& error) {
  return refuse_change(in, error, in.services.parts.booking.get(in.ctx, in.id<AppointmentId>()));
}

/// Moving comes first: when the new time cannot be had, nothing changes.
Answer update_appointment(Request& in) {
  auto& booking = in.services.parts.booking;
  auto checking = checked_appointment(in);
  auto checked = co_await std::move(checking);
  if (!checked) co_return std::unexpected(checked.error());
  auto current = std::move(*checked);
  auto looking = in.services.parts.businesses.get(in.ctx, current.business);
  auto profile = co_await std::move(looking);
  if (!profile) co_return refuse(profile.error(), "business");
  auto start = start_in(in.body, **profile);
  if (!start) co_return std::unexpected(start.error());
  if (*start && **start != current.local_start) {
    auto moving = booking.move(in.ctx, current.id, **start, current.version);
    auto moved = co_await std::move(moving);
    if (!moved) {
      auto refusing = change_refused(in, moved.error());
      co_return co_await std::move(refusing);
    }
    if (!moved->appointment) co_return refuse_slot(moved->validation);
    current = std::move(*moved->appointment);
  }
  auto notes = text_in(in.body, "notes");
  auto* customer = object_in(in.body, "customer");
  if (!notes && !customer) co_return one_appointment(current);
  auto who = customer ? customer_in(*customer) : current.customer;
  auto updating = booking.update(in.ctx, current.id, std::move(who), notes.value_or(current.notes),
                                 current.version);
  auto updated = co_await std::move(updating);
  if (updated) co_return one_appointment(*updated);
  auto refusing = change_refused(in, updated.error());
  co_return co_await std::move(refusing);
}

Answer cancel_appointment(Request& in) {
  if (in.has_if_match()) {
    auto checking = checked_appointment(in);
    auto checked = co_await std::move(checking);
    if (!checked) co_return std::unexpected(checked.error());
  }
  auto cancelling =
      reply(in.services.parts.booking.cancel(in.ctx, in.id<AppointmentId>()), one_appointment);
  co_return co_await std::move(cancelling);
}

Answer validate_appointment(Request& in) {
  auto finding = slot_in(in);
  auto slot = co_await std::move(finding);
  if (!slot) co_return std::unexpected(slot.error());
  auto validating = in.services.parts.booking.validate(in.ctx, std::move(*slot));
  auto validation = co_await std::move(validating);
  if (!validation) co_return refuse(validation.error());
  auto& refusal = validation->refusal;
  co_return Reply{
      .data = json::object{
          {"valid", !refusal},
          {"reason", refusal ? json::value(to_string(*refusal)) : json::value(nullptr)},
          {"message", refusal ? json::value(sentence_for(*refusal)) : json::value(nullptr)},
          {"alternatives", slots_json(validation->alternatives)}}};
}

enum class Edge { start_of_day, end_of_day };

calendar::LocalTime local_edge(const std::string& text, Edge edge) {
  if (auto time = calendar::parse_local(text)) return *time;
  auto day = std::chrono::local_days(calendar::parse_date(text).value());
  return day + std::chrono::days(edge == Edge::end_of_day ? 1 : 0);
}

Answer availability(Request& in) {
  booking::AvailabilityQuery query;
  query.business = BusinessId(in.query.text("business"));
  query.service = ServiceId(in.query.text("service"));
  query.resource = ResourceId(in.query.text("resource"));
  query.limit = static_cast<std::size_t>(in.query.integer("limit", 100));
  auto looking = in.services.parts.businesses.get(in.ctx, query.business);
  auto profile = co_await std::move(looking);
  if (!profile) co_return refuse(profile.error(), "business");
  if (!(*profile)->service(query.service))
    co_return refuse(404, "service_not_found", "The business has no such service.");
  auto from = in.query.text("from");
  auto to = in.query.text("to");
  auto zone = calendar::Zone::find((*profile)->time_zone);
  if (!zone) co_return refuse(zone.error());
  query.from = from.empty() ? zone->to_local(in.services.parts.clock.wall())
                            : local_edge(from, Edge::start_of_day);
  query.to = to.empty() ? query.from + std::chrono::days(7) : local_edge(to, Edge::end_of_day);
  if (query.to <= query.from) co_return refuse_field("to", "must be after from");
  if (query.to - query.from > std::chrono::days(31))
    co_return refuse_field("to", "must be at most 31 days after from");
  auto finding = in.services.parts.booking.availability(in.ctx, std::move(query));
  auto slots = co_await std::move(finding);
  if (!slots) co_return refuse(slots.error());
  co_return Reply{
      .data = json::object{{"timeZone", (*profile)->time_zone}, {"slots", slots_json(*slots)}}};
}

/// Without signing in: calendars cannot. The token stands in the address.
Answer calendar_feed(Request& in) {
  auto id = in.path("id");
  auto organization = in.services.links.check(calendar_purpose, id, in.query.text("token"));
  if (!organization)
    co_return refuse(404, "calendar_not_found", "There is no calendar at this address.");
  in.ctx.organization = OrganizationId(*organization);
  in.ctx.principal = {Principal::Kind::system, "calendar-feed", Role::viewer};
  auto making = in.services.parts.booking.calendar_feed(in.ctx, BusinessId(id));
  auto feed = co_await std::move(making);
  if (!feed) co_return refuse(feed.error(), "calendar");
  Reply reply;
  reply.raw = std::move(*feed);
  reply.headers.set("Content-Disposition", "inline; filename=\"calendar.ics\"");
  co_return reply;
}

Schema customer() {
  return object({required("name", line(1, 120).example("Maria Lopez")),
                 optional("phone", phone().or_null()), optional("email", email().or_null())});
}

std::vector<Field> slot_fields() {
  return {
      required("businessId", id("biz")), required("serviceId", id("svc")),
      optional("resourceId", text(0, 64).about("Left out: any that is free.").example("")),
      optional("localStart", local_time().about("On the business's wall clock.")),
      optional("start", date_time().about("Instead of localStart.").example(nullptr).or_null())};
}

Route appointment_route(net::Method method, std::string path, std::string name, std::string summary,
                        Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.group = "appointments";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "appointment";
  route.permission = method == net::Method::get ? "appointments:read" : "appointments:write";
  route.response = ref("Appointment");
  route.handler = handler;
  return route;
}

void add_appointment_routes(RouteTable& table) {
  auto listing = appointment_route(net::Method::get, "/appointments", "listAppointments",
                                   "Appointments, by start.", list_appointments);
  listing.query = page_parameters({"start", "createdAt"});
  for (auto&& parameter : std::vector<QueryParameter>{
           {"business", text(1, 64), "Of this business."},
           {"from", date_time(), "Starting at this time or later."},
           {"to", date_time(), "Starting before this time."},
           {"source", choice({"voice_agent", "web", "staff", "api", "import"}), "By source."},
           {"status", choice({"booked", "cancelled"}), "By status."},
           {"phone", phone(), "Of this customer."}})
    listing.query.push_back(parameter);
  listing.response = list(ref("Appointment"), 200);
  listing.paging = Route::Paging::pages;
  table.add(std::move(listing));

  auto creating =
      appointment_route(net::Method::post, "/appointments", "createAppointment",
                        "Book a slot. 409 with alternatives when it is taken.", create_appointment);
  auto fields = slot_fields();
  fields.push_back(required("customer", customer()));
  fields.push_back(optional("notes", text(0, 2000)));
  fields.push_back(optional("source", choice({"api", "web", "staff", "import"})));
  creating.body = BodyKind::json;
  creating.request = object(std::move(fields));
  creating.status = 201;
  table.add(std::move(creating));

  auto validating = appointment_route(
      net::Method::post, "/appointments/validate", "validateAppointment",
      "Whether a slot can be booked, and if not what else can.", validate_appointment);
  validating.permission = "appointments:read";
  validating.body = BodyKind::json;
  validating.request = object(slot_fields());
  validating.response = object({required("valid", flag()), required("reason", text().or_null()),
                                required("message", text().or_null()),
                                required("alternatives", list(ref("Slot"), 10))});
  table.add(std::move(validating));

  table.add(appointment_route(net::Method::get, "/appointments/{id}", "getAppointment",
                              "One appointment.", get_appointment));
  auto updating = appointment_route(net::Method::put, "/appointments/{id}", "updateAppointment",
                                    "Move it, or change customer and notes; what is left out "
                                    "stays.",
                                    update_appointment);
  updating.body = BodyKind::json;
  updating.request = object({optional("localStart", local_time()),
                             optional("start", date_time().example(nullptr).or_null()),
                             optional("customer", customer()), optional("notes", text(0, 2000))});
  table.add(std::move(updating));
  table.add(appointment_route(net::Method::delete_, "/appointments/{id}", "cancelAppointment",
                              "Cancel it; it stays readable.", cancel_appointment));
}

}  // namespace

void add_booking_routes(RouteTable& table) {
  define_booking_schemas(table);
  add_appointment_routes(table);
  table.add({.path = "/availability",
             .group = "appointments",
             .name = "getAvailability",
             .summary = "Free slots.",
             .thing = "business",
             .permission = "appointments:read",
             .query = {{"business", text(1, 64), "Where.", QueryParameter::Presence::required},
                       {"service", text(1, 64), "For what.", QueryParameter::Presence::required},
                       {"from", local_day(), "A day or local time; now unless told."},
                       {"to", local_day(),
                        "A day (to its end) or local time; 7 days after from unless "
                        "told, at most 31."},
                       {"resource", text(1, 64), "With whom or what."},
                       {"limit", integer(1, 500), "How many; 100 unless told."}},
             .response =
                 object({required("timeZone", text()), required("slots", list(ref("Slot"), 500))}),
             .handler = availability});
  table.add({.path = "/businesses/{id}/calendar.ics",
             .group = "appointments",
             .name = "getCalendarFeed",
             .summary = "Appointments as an iCalendar feed; its address with the token stands in "
                        "the business.",
             .thing = "calendar",
             .access = Access::anyone,
             .query = {{"token", text(1, 200), "From the business's calendarUrl.",
                        QueryParameter::Presence::required}},
             .reply = ReplyKind::raw,
             .media_type = "text/calendar; charset=utf-8",
             .handler = calendar_feed});
}

}  // namespace parley::api
