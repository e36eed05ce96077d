#pragma once
#include <cstdint>
#include <string>
#include <string_view>

/// Numbers in words, English of the United States.
namespace parley::dialog::numbers {

/// Up to 10^15: "one thousand two hundred five". Larger ones digit by digit.
std::string cardinal(std::uint64_t number);
/// "twenty-third"
std::string ordinal(std::uint64_t number);
/// "twenty twenty-six", "two thousand five", "nineteen oh four"
std::string year(std::uint64_t number);
/// As house and room numbers are said: "twelve fifty", "two oh four".
std::string in_pairs(std::uint64_t number);
/// "two one two"; letters besides are said one by one: "S W one A".
std::string spelled(std::string_view characters);
/// Of digits with or without commas and a decimal point: "three point five".
std::string decimal(std::string_view text);

}  // namespace parley::dialog::numbers
