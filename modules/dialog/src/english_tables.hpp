#pragma once
#include <optional>
#include <string>
#include <string_view>

/// The word lists behind english_forms().
namespace parley::dialog::english {

/// "Dr." is "Doctor": short forms that mean one thing wherever they stand; nothing for other words.
/// Without the full stop: "dr".
std::optional<std::string_view> abbreviation(std::string_view word);
/// After a number: "kg" is "kilograms", or "kilogram" for one.
std::optional<std::string_view> unit(std::string_view text, bool one);
/// "Mar" and "March" are 3; 0 for other words.
int month(std::string_view word);
std::string_view month_name(int month);
/// "Avenue", "Street": what a house number's name ends with.
bool is_street_word(std::string_view word);
/// "Room", "Suite": what a number follows that is said in pairs.
bool is_room_word(std::string_view word);
/// "NY": the capitals of a state, before a postcode.
bool is_state(std::string_view word);
/// "code", "reference": what characters follow that are spelled.
bool is_code_word(std::string_view word);

}  // namespace parley::dialog::english
