#include <array>

#include "parley/telephony/inbound.hpp"

namespace parley::telephony {

namespace {
constexpr std::array<std::string_view, 7> names{"ringing", "in-progress", "completed", "busy",
                                                "failed",  "no-answer",   "canceled"};
}

std::string_view to_string(CarrierCallStatus status) noexcept {
  return names[static_cast<std::size_t>(status)];
}

Result<CarrierCallStatus> parse_status(std::string_view text) {
  if (text == "queued" || text == "initiated") return CarrierCallStatus::ringing;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<CarrierCallStatus>(i);
  return fail(Errc::invalid, "unknown call status");
}

std::string_view to_string(AnswerFound found) noexcept {
  constexpr std::array<std::string_view, 5> words{"human", "machine", "machine_ready", "fax",
                                                  "unknown"};
  return words[static_cast<std::size_t>(found)];
}

bool is_final(CarrierCallStatus status) noexcept {
  return status != CarrierCallStatus::ringing && status != CarrierCallStatus::in_progress;
}

}  // namespace parley::telephony
