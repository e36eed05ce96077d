#pragma once
#include <optional>
#include <string_view>

namespace parley::dialog {

/// Something the agent says it has done, or that stands.
enum class Claim {
  booked,       ///< "I've booked you", "you're all set"
  has_booking,  ///< "your appointment is confirmed": also true of one made earlier
  cancelled,
  message_taken
};

/// Whether a sentence of the agent's claims an effect; questions, conditions and denials do not.
/// English, German, Spanish and French.
std::optional<Claim> claim_in(std::string_view sentence);

}  // namespace parley::dialog
