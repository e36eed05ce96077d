#include <array>

#include "parley/calls/calls.hpp"

namespace parley::calls {

namespace {
constexpr std::array<std::string_view, 8> statuses{"ringing",   "in_progress", "interrupted",
                                                   "completed", "no_answer",   "busy",
                                                   "canceled",  "failed"};
}

std::string_view to_string(Direction direction) noexcept {
  return direction == Direction::inbound ? "inbound" : "outbound";
}

std::string_view to_string(CallStatus status) noexcept {
  return statuses[static_cast<std::size_t>(status)];
}

Result<CallStatus> parse_call_status(std::string_view text) {
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (statuses[i] == text) return static_cast<CallStatus>(i);
  return fail(Errc::invalid, "no such call status");
}

}  // namespace parley::calls
