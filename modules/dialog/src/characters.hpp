#pragma once
#include <cstdint>
#include <string_view>

/// What characters are, for rules over ASCII in UTF-8 text.
namespace parley::dialog::characters {

inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_letter(char c) { return is_lower(c) || is_upper(c); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// Part of a word: letters, digits, and every byte of a character beyond ASCII.
inline bool is_word(char c) {
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}
/// How many digits stand at `at`.
inline std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t count = 0;
  while (at + count < text.size() && is_digit(text[at + count])) ++count;
  return count;
}
/// Of at most 18 digits.
inline std::uint64_t number_of(std::string_view digits) {
  std::uint64_t number = 0;
  for (char c : digits.substr(0, 18)) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number;
}

}  // namespace parley::dialog::characters
