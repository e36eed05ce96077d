#include "spoken_numbers.hpp"

#include <array>
#include <charconv>

namespace parley::dialog::numbers {
namespace {

constexpr std::array<std::string_view, 20> small{
    "zero",     "one",     "two",     "three",     "four",     "five",    "six",
    "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<std::string_view, 10> tens{"",      "",      "twenty",  "thirty", "forty",
                                                "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::array<std::string_view, 5> thousands{"", " thousand", " million", " billion",
                                                    " trillion"};
constexpr std::uint64_t largest = 1'000'000'000'000'000;

std::string below_hundred(std::uint64_t number) {
  if (number < 20) return std::string(small[number]);
  std::string text(tens[number / 10]);
  if (number % 10 != 0) text += "-" + std::string(small[number % 10]);
  return text;
}

std::string below_thousand(std::uint64_t number) {
  if (number < 100) return below_hundred(number);
  auto text = std::string(small[number / 100]) + " hundred";
  if (number % 100 != 0) text += " " + below_hundred(number % 100);
  return text;
}

}  // namespace

std::string cardinal(std::uint64_t number) {
  if (number >= largest) return spelled(std::to_string(number));
  if (number == 0) return "zero";
  std::string text;
  std::uint64_t unit = 1'000'000'000'000;
  for (std::size_t i = 4;; --i, unit /= 1000) {
    auto part = number / unit % 1000;
    if (part != 0) {
      if (!text.empty()) text += " ";
      text += below_thousand(part) + std::string(thousands[i]);
    }
    if (i == 0) return text;
  }
}

std::string ordinal(std::uint64_t number) {
  auto text = cardinal(number);
  auto last = text.find_last_of(" -");
  auto begin = last == std::string::npos ? 0 : last + 1;
  auto word = text.substr(begin);
  struct Irregular {
    std::string_view cardinal;
    std::string_view ordinal;
  };
  constexpr std::array<Irregular, 7> irregular{{{"one", "first"},
                                                {"two", "second"},
                                                {"three", "third"},
                                                {"five", "fifth"},
                                                {"eight", "eighth"},
                                                {"nine", "ninth"},
                                                {"twelve", "twelfth"}}};
  for (const auto& form : irregular)
    if (word == form.cardinal) return text.substr(0, begin) + std::string(form.ordinal);
  if (word.ends_with('y')) return text.substr(0, text.size() - 1) + "ieth";
  return text + "th";
}

std::string in_pairs(std::uint64_t number) {
  if (number < 100 || number > 9999 || number % 1000 == 0) return cardinal(number);
  if (number % 100 == 0) return below_hundred(number / 100) + " hundred";
  auto rest = number % 100;
  return below_hundred(number / 100) + (rest < 10 ? " oh " : " ") + below_hundred(rest);
}

std::string year(std::uint64_t number) {
  bool around_2000 = number >= 2000 && number < 2010;
  return around_2000 || number < 1000 ? cardinal(number) : in_pairs(number);
}

std::string spelled(std::string_view characters) {
  std::string text;
  for (char c : characters) {
    bool digit = c >= '0' && c <= '9';
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!digit && !letter) continue;
    if (!text.empty()) text += ' ';
    if (digit)
      text += small[static_cast<std::size_t>(c - '0')];
    else
      text += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

std::string decimal(std::string_view given) {
  std::string whole;
  std::size_t at = 0;
  for (; at < given.size() && given[at] != '.'; ++at)
    if (given[at] != ',') whole += given[at];
  std::uint64_t number = 0;
  auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), number);
  bool read = error == std::errc() && end == whole.data() + whole.size();
  auto text = whole.empty() ? "zero" : read ? cardinal(number) : spelled(whole);
  if (at + 1 < given.size()) text += " point " + spelled(given.substr(at + 1));
  return text;
}

}  // namespace parley::dialog::numbers
