#pragma once
#include <string>
#include <string_view>

namespace parley::log {

struct Redaction {
  bool phone_numbers = true;
  bool transcripts = true;
};

/// Whether a field of this name is masked whatever it holds.
bool is_masked_field(std::string_view name, const Redaction& redaction);
/// The text with secrets, and phone numbers if so configured, masked inside it.
std::string redacted(std::string_view text, const Redaction& redaction);

inline constexpr std::string_view mask = "***";

}  // namespace parley::log
