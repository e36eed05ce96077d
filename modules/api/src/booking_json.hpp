#pragma once
#include "route.hpp"

namespace parley::api {

json::object appointment_json(const booking::Appointment& appointment);
json::array slots_json(const std::vector<booking::Slot>& slots);
/// For people.
std::string_view sentence_for(booking::Refusal refusal);
/// A slot that cannot be had: 409 when someone else has it, 422 when nobody could; with what is
/// free nearby.
std::unexpected<Failure> refuse_slot(const booking::Validation& validation);

/// Defines Slot and Appointment.
void define_booking_schemas(RouteTable& table);

}  // namespace parley::api
