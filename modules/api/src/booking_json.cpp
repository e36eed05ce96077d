#include "booking_json.hpp"

#include <fmt/format.h>

#include "values.hpp"

namespace parley::api {

using booking::Appointment;
using booking::Refusal;

json::object appointment_json(const Appointment& appointment) {
  auto& customer = appointment.customer;
  return {{"id", appointment.id.str()},
          {"businessId", appointment.business.str()},
          {"serviceId", appointment.service.str()},
          {"serviceName", appointment.service_name},
          {"resourceId", id_or_null(appointment.resource)},
          {"resourceName", appointment.resource_name},
          {"start", time_json(appointment.start)},
          {"end", time_json(appointment.end)},
          {"localStart", calendar::to_text(appointment.local_start)},
          {"customer", json::object{{"name", customer.name},
                                    {"phone", or_null(customer.phone)},
                                    {"email", or_null(customer.email)}}},
          {"notes", appointment.notes},
          {"source", to_string(appointment.source)},
          {"callId", id_or_null(appointment.call)},
          {"status", to_string(appointment.status)},
          {"createdAt", time_json(appointment.created)},
          {"updatedAt", time_json(appointment.updated)}};
}

json::array slots_json(const std::vector<booking::Slot>& slots) {
  json::array list;
  for (auto& slot : slots)
    list.push_back(json::object{{"start", time_json(slot.start_utc)},
                                {"localStart", calendar::to_text(slot.start)},
                                {"localEnd", calendar::to_text(slot.end)},
                                {"resourceId", id_or_null(slot.resource)},
                                {"resourceName", slot.resource_name}});
  return list;
}

std::string_view sentence_for(Refusal refusal) {
  switch (refusal) {
    case Refusal::taken:
      return "This time is taken.";
    case Refusal::closed:
      return "The business is closed then.";
    case Refusal::holiday:
      return "The business is closed that day.";
    case Refusal::past:
      return "This time has passed.";
    case Refusal::too_soon:
      return "This is too soon: the business needs more notice.";
    case Refusal::too_far:
      return "This is further ahead than can be booked.";
    case Refusal::no_such_time:
      return "There is no such time on that day: the clocks are put forward.";
    case Refusal::unknown_service:
      break;
  }
  return "The business has no such service.";
}

std::unexpected<Failure> refuse_slot(const booking::Validation& validation) {
  auto refusal = validation.refusal.value_or(Refusal::taken);
  Failure failure;
  failure.status = refusal == Refusal::taken ? 409 : 422;
  if (refusal == Refusal::unknown_service) failure.status = 404;
  failure.code = refusal == Refusal::unknown_service ? "service_not_found"
                                                     : fmt::format("slot_{}", to_string(refusal));
  failure.message = sentence_for(refusal);
  failure.details = {{"start", std::string(to_string(refusal))}};
  failure.data = {{"reason", to_string(refusal)},
                  {"alternatives", slots_json(validation.alternatives)}};
  return std::unexpected(std::move(failure));
}

void define_booking_schemas(RouteTable& table) {
  using namespace schema;
  table.define("Slot",
               object({required("start", date_time()), required("localStart", local_time()),
                       required("localEnd", local_time()), required("resourceId", text().or_null()),
                       required("resourceName", text())}));
  table.define("Appointment",
               object({required("id", id("appt")), required("businessId", id("biz")),
                       required("serviceId", id("svc")), required("serviceName", text()),
                       required("resourceId", text().or_null()), required("resourceName", text()),
                       required("start", date_time()), required("end", date_time()),
                       required("localStart", local_time()),
                       required("customer", object({required("name", text()),
                                                    required("phone", phone().or_null()),
                                                    required("email", text().or_null())})),
                       required("notes", text(0, 2000)),
                       required("source", choice({"voice_agent", "web", "staff", "api", "import"})),
                       required("callId", text().or_null()),
                       required("status", choice({"booked", "cancelled"})),
                       required("createdAt", date_time()), required("updatedAt", date_time())}));
}

}  // namespace parley::api
