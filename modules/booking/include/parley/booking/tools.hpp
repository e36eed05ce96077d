#pragma once
#include <memory>

#include "parley/booking/booking.hpp"
#include "parley/business/businesses.hpp"
#include "parley/dialog/tool.hpp"

namespace parley::booking {

/// The tools of dialog/tool.hpp that are about appointments and messages, with exactly the
/// arguments and results written there. They act for ToolScope::business in the context's
/// organization. What is referred to outlives them.
///
/// Whose appointments a caller may see and change: those of the number the carrier named, and those
/// booked in this very call. When the number is withheld, `find_appointments` wants the phone and
/// the name of the appointment, and the ids it gave, which cannot be guessed, open the others.
/// Anything else is not_found, as if it did not exist.
std::unique_ptr<dialog::Tool> make_find_slots(Booking& booking);
std::unique_ptr<dialog::Tool> make_book_appointment(Booking& booking);
std::unique_ptr<dialog::Tool> make_find_appointments(Booking& booking, Clock& clock);
std::unique_ptr<dialog::Tool> make_move_appointment(Booking& booking);
std::unique_ptr<dialog::Tool> make_cancel_appointment(Booking& booking);
std::unique_ptr<dialog::Tool> make_take_message(business::Messages& messages);

}  // namespace parley::booking
