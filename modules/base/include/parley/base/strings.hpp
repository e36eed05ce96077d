#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/error.hpp"

namespace parley {

std::string to_lower(std::string_view ascii);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
bool iequals(std::string_view a, std::string_view b);
/// Levenshtein distance in bytes: nearest known key, nearest known service.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate nearest to `word`, if it is at most a third of its length away.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

bool is_valid_utf8(std::string_view bytes);
/// Windows-1252 (a superset of Latin-1's printable part) to UTF-8.
std::string latin1_to_utf8(std::string_view bytes);

std::string to_hex(std::span<const std::byte> bytes);
std::string base64_encode(std::span<const std::byte> bytes);
/// The same, behind what `text` has.
void append_base64(std::string& text, std::span<const std::byte> bytes);
/// Standard alphabet with padding. Errors: invalid.
Result<std::vector<std::byte>> base64_decode(std::string_view text);
/// The same into the room that `bytes` has.
Result<void> base64_decode(std::string_view text, std::vector<std::byte>& bytes);
std::string base64url_encode(std::span<const std::byte> bytes);
/// URL-safe alphabet without padding. Errors: invalid.
Result<std::vector<std::byte>> base64url_decode(std::string_view text);

std::string url_encode(std::string_view text);
/// Percent-decoding; `plus_is_space` for application/x-www-form-urlencoded. Errors: invalid.
Result<std::string> url_decode(std::string_view text, bool plus_is_space = false);

/// "+12125550100" from what people and carriers write; numbers without a country code are taken as
/// North American. Errors: invalid.
Result<std::string> normalize_e164(std::string_view text);

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace parley
