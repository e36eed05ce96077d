#pragma once
#include "parley/booking/booking.hpp"
#include "parley/business/business.hpp"

namespace parley::booking {

/// An iCalendar document (RFC 5545) of these appointments, times in UTC. Every text is escaped, so
/// that nothing a customer says can add a line of its own.
std::string calendar_text(const business::Profile& profile,
                          const std::vector<Appointment>& appointments);

}  // namespace parley::booking
