#include <array>

#include "parley/booking/booking.hpp"

namespace parley::booking {

namespace {
constexpr std::array<std::string_view, 5> source_names{"voice_agent", "web", "staff", "api",
                                                       "import"};
constexpr std::array<std::string_view, 8> refusal_names{
    "taken", "closed", "holiday", "past", "too_soon", "too_far", "no_such_time", "unknown_service"};
}  // namespace

std::string_view to_string(Source source) noexcept {
  return source_names[static_cast<std::size_t>(source)];
}

Result<Source> parse_source(std::string_view text) {
  for (std::size_t i = 0; i < source_names.size(); ++i)
    if (text == source_names[i]) return static_cast<Source>(i);
  return fail(Errc::invalid, "source: must be voice_agent, web, staff, api or import");
}

std::string_view to_string(AppointmentStatus status) noexcept {
  return status == AppointmentStatus::booked ? "booked" : "cancelled";
}

std::string_view to_string(Refusal refusal) noexcept {
  return refusal_names[static_cast<std::size_t>(refusal)];
}

}  // namespace parley::booking
