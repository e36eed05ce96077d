#include <algorithm>
#include <array>

#include "characters.hpp"
#include "english_forms.hpp"
#include "english_tables.hpp"
#include "parley/base/strings.hpp"
#include "spoken_numbers.hpp"

namespace parley::dialog {

using namespace characters;

namespace {

/// Digits with thousands separated by commas and a decimal part, as a length.
std::size_t number_length(std::string_view text, std::size_t at) {
  auto begin = at;
  at += digits_at(text, at);
  if (at == begin) return 0;
  if (at - begin <= 3)
    while (at < text.size() && text[at] == ',' && digits_at(text, at + 1) == 3) at += 4;
  if (at < text.size() && text[at] == '.' && digits_at(text, at + 1) > 0)
    at += 1 + digits_at(text, at + 1);
  return at - begin;
}

struct Currency {
  std::string_view sign;
  std::string_view one;
  std::string_view many;
  std::string_view minor_one;
  std::string_view minor_many;
};
constexpr std::array<Currency, 3> currencies{{{"$", "dollar", "dollars", "cent", "cents"},
                                              {"\u20AC", "euro", "euros", "cent", "cents"},
                                              {"\u00A3", "pound", "pounds", "penny", "pence"}}};

std::string with_count(std::uint64_t count, std::string_view one, std::string_view many) {
  return numbers::cardinal(count) + " " + std::string(count == 1 ? one : many);
}

bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || !is_word(text[at]);
}

std::string clock_words(std::uint64_t hour, std::uint64_t minute) {
  auto text = numbers::cardinal(hour);
  if (minute == 0) return text;
  return text + (minute < 10 ? " oh " : " ") + numbers::cardinal(minute);
}

std::string time_of_day(std::uint64_t hour, std::uint64_t minute) {
  auto twelve = hour % 12 == 0 ? 12 : hour % 12;
  return clock_words(twelve, minute) + (hour < 12 ? " AM" : " PM");
}

}  // namespace

/// " PM" when "p.m.", "PM" or "pm" stands at `end`, which then moves past it.
std::string EnglishReader::meridiem_after(std::size_t& end) const {
  auto text = rest();
  auto at = end;
  while (at < text.size() && text[at] == ' ') ++at;
  if (at + 1 >= text.size()) return "";
  auto letter = to_lower(text.substr(at, 1));
  if (letter != "a" && letter != "p") return "";
  auto spelled = to_lower(text.substr(at, 4));
  std::string said = letter == "a" ? " AM" : " PM";
  if (spelled == "a.m." || spelled == "p.m.") {
    // Its last stop ends the sentence as well when nothing follows.
    bool last = trim(text.substr(at + 4)).empty();
    end = at + (last ? 3 : 4);
    return said;
  }
  auto pair = to_lower(text.substr(at, 2));
  if ((pair == "am" || pair == "pm") && ends_word(text, at + 2)) {
    end = at + 2;
    return said;
  }
  return "";
}

bool EnglishReader::take_money() {
  auto text = rest();
  auto found = std::ranges::find_if(
      currencies, [&](const Currency& currency) { return text.starts_with(currency.sign); });
  if (found == currencies.end()) return false;
  auto at = found->sign.size();
  auto length = number_length(text, at);
  if (length == 0) return false;
  auto amount = text.substr(at, length);
  at += length;
  for (std::string_view scale : {" million", " billion", " thousand"}) {
    if (!text.substr(at).starts_with(scale)) continue;
    say(numbers::decimal(amount) + std::string(scale) + " " + std::string(found->many),
        at + scale.size());
    return true;
  }
  auto point = amount.find('.');
  std::string whole;
  std::ranges::copy_if(amount.substr(0, point), std::back_inserter(whole), is_digit);
  std::string_view cents = point == std::string_view::npos ? "" : amount.substr(point + 1);
  if (whole.size() > 15 || (!cents.empty() && cents.size() != 2)) {
    say(numbers::decimal(amount) + " " + std::string(found->many), at);
    return true;
  }
  std::string said;
  bool no_dollars = number_of(whole) == 0 && !cents.empty() && number_of(cents) > 0;
  if (!no_dollars) said = with_count(number_of(whole), found->one, found->many);
  if (!cents.empty() && number_of(cents) > 0) {
    if (!said.empty()) said += " and ";
    said += with_count(number_of(cents), found->minor_one, found->minor_many);
  }
  say(said, at);
  return true;
}

/// "2026-03-05" and "2026-03-05T14:00".
bool EnglishReader::take_iso_date() {
  auto text = rest();
  bool form = digits_at(text, 0) == 4 && text.size() >= 10 && text[4] == '-' &&
              digits_at(text, 5) == 2 && text[7] == '-' && digits_at(text, 8) == 2;
  if (!form) return false;
  auto month = number_of(text.substr(5, 2));
  auto day = number_of(text.substr(8, 2));
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  auto said = std::string(english::month_name(static_cast<int>(month))) + " " +
              numbers::ordinal(day) + ", " + numbers::year(number_of(text.substr(0, 4)));
  std::size_t end = 10;
  bool time = text.size() >= 16 && (text[10] == 'T' || text[10] == ' ') &&
              digits_at(text, 11) == 2 && text[13] == ':' && digits_at(text, 14) == 2;
  if (time && number_of(text.substr(11, 2)) < 24) {
    said += " at " + time_of_day(number_of(text.substr(11, 2)), number_of(text.substr(14, 2)));
    end = 16;
    if (end < text.size() && text[end] == ':') end += 1 + digits_at(text, end + 1);
  }
  say(said, end);
  return true;
}

/// "3/5/2026", as it is written in the United States; "24/7".
bool EnglishReader::take_slashed_date() {
  auto text = rest();
  if (text.starts_with("24/7") && ends_word(text, 4)) {
    say("twenty-four seven", 4);
    return true;
  }
  auto first = digits_at(text, 0);
  if (first == 0 || first > 2 || first >= text.size() || text[first] != '/') return false;
  auto second = digits_at(text, first + 1);
  auto slash = first + 1 + second;
  if (second == 0 || second > 2 || slash >= text.size() || text[slash] != '/') return false;
  auto third = digits_at(text, slash + 1);
  if (third != 2 && third != 4) return false;
  auto month = number_of(text.substr(0, first));
  auto day = number_of(text.substr(first + 1, second));
  auto year = number_of(text.substr(slash + 1, third));
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  say(std::string(english::month_name(static_cast<int>(month))) + " " + numbers::ordinal(day) +
          ", " + numbers::year(third == 2 ? 2000 + year : year),
      slash + 1 + third);
  return true;
}

/// North American numbers in their usual forms, and any in E.164: digit by digit in groups.
bool EnglishReader::take_phone() {
  auto text = rest();
  std::string digits;
  std::size_t end = 0;
  bool plus = text[0] == '+';
  for (std::size_t at = plus ? 1 : 0; at < text.size(); ++at) {
    char c = text[at];
    if (is_digit(c)) {
      digits += c;
      end = at + 1;
    } else if (!std::string_view("()-. ").contains(c) || (c == ' ' && text[at - (at > 0)] == ' ')) {
      break;
    } else if (c == '.' && digits_at(text, at + 1) == 0) {
      break;
    }
    if (digits.size() > 15) return false;
  }
  auto written = text.substr(0, end);
  auto gaps = std::ranges::count_if(written, [](char c) { return !is_digit(c) && c != '+'; });
  std::string_view rest_of(digits);
  std::string said;
  auto group = [&](std::size_t length) {
    if (!said.empty()) said += ", ";
    said += numbers::spelled(rest_of.substr(0, length));
    rest_of.remove_prefix(std::min(length, rest_of.size()));
  };
  if (!ends_word(text, end)) return false;
  bool american = (digits.size() == 10 && !plus) || (digits.size() == 11 && digits[0] == '1');
  // "555-0142": a number of seven digits has its gap after the third.
  bool local = digits.size() == 7 && written.size() == 8 && written[3] == '-';
  if (american && (gaps > 0 || plus || digits.size() == 10)) {
    if (digits.size() == 11) group(1);
    group(3);
    group(3);
    group(4);
  } else if (local) {
    group(3);
    group(4);
  } else if (plus && digits.size() >= 8) {
    while (!rest_of.empty()) group(rest_of.size() == 4 ? 4 : 3);
  } else {
    return false;
  }
  if (plus && !american) said = "plus " + said;
  say(said, end);
  return true;
}

/// "2:30 PM", "14:05", "9 a.m."
bool EnglishReader::take_time() {
  auto text = rest();
  auto hours = digits_at(text, 0);
  if (hours == 0 || hours > 2) return false;
  auto hour = number_of(text.substr(0, hours));
  auto end = hours;
  std::uint64_t minute = 0;
  bool colon = end < text.size() && text[end] == ':' && digits_at(text, end + 1) == 2;
  if (colon) {
    minute = number_of(text.substr(end + 1, 2));
    end += 3;
  }
  if (hour > 24 || minute > 59) return false;
  auto part = meridiem_after(end);
  if (part.empty() && !colon) return false;
  if (part.empty() && !ends_word(text, end)) return false;
  if (!part.empty() && hour <= 12) {
    say(clock_words(hour, minute) + part, end);
  } else if (hour > 12 || hour == 0 || text[0] == '0') {
    say(time_of_day(hour % 24, minute), end);
  } else {
    say(minute == 0 ? numbers::cardinal(hour) + " o'clock" : clock_words(hour, minute), end);
  }
  return true;
}

/// "9-5" and "10 AM-2 PM" are "nine to five" and "ten AM to two PM": the first half is read by its
/// own rule, the dash by this one.
bool EnglishReader::take_range() {
  auto text = rest();
  if (text[0] != '-' || text.size() < 2 || at_ == 0) return false;
  bool digit_after = is_digit(text[1]) || text[1] == '$';
  bool read_number = last_word_.empty() && (is_digit(before()) || before() == 'M' ||
                                            before() == 'm' || before() == '.' || before() == '%');
  if (!digit_after || !read_number) return false;
  say(" to", 1);
  return true;
}

bool EnglishReader::take_ordinal() {
  auto text = rest();
  auto digits = digits_at(text, 0);
  if (digits == 0 || digits > 6) return false;
  auto suffix = to_lower(text.substr(digits, 2));
  bool ordinal = suffix == "st" || suffix == "nd" || suffix == "rd" || suffix == "th";
  if (!ordinal || !ends_word(text, digits + 2)) return false;
  say(numbers::ordinal(number_of(text.substr(0, digits))), digits + 2);
  return true;
}

/// Postcodes, references and the like: spelled.
bool EnglishReader::take_code() {
  auto text = rest();
  if (!is_letter(text[0]) && !is_digit(text[0])) return false;
  std::size_t end = 0;
  std::size_t digits = 0;
  std::size_t capitals = 0;
  std::size_t small = 0;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) {
    digits += is_digit(text[end]) ? 1 : 0;
    capitals += is_upper(text[end]) ? 1 : 0;
    small += is_lower(text[end]) ? 1 : 0;
    ++end;
  }
  if (!ends_word(text, end)) return false;
  bool mixed = digits > 0 && capitals > 0 && small == 0;
  bool postcode = digits == 5 && end == 5 && english::is_state(last_word_);
  bool code = digits == end && digits >= 3 && english::is_code_word(last_word_);
  bool round = text.substr(0, end).ends_with("000");
  bool long_number = digits == end && digits >= 7 && !round;
  if (!mixed && !postcode && !code && !long_number) return false;
  // "10001-2345"
  bool extended =
      postcode && end < text.size() && text[end] == '-' && digits_at(text, end + 1) == 4;
  auto said = numbers::spelled(text.substr(0, end));
  if (extended) {
    said += ", " + numbers::spelled(text.substr(end + 1, 4));
    end += 5;
  }
  say(said, end);
  return true;
}

/// Any other number, with its unit.
bool EnglishReader::take_number() {
  auto text = rest();
  auto length = number_length(text, 0);
  if (length == 0) return false;
  auto digits = text.substr(0, length);
  auto end = length;
  auto unit_at = end;
  if (unit_at < text.size() && text[unit_at] == ' ') ++unit_at;
  auto unit_end = unit_at;
  auto takes = [](char c) { return is_word(c) || c == '%' || c == '/'; };
  while (unit_end < text.size() && takes(text[unit_end])) ++unit_end;
  bool one = digits == "1";
  for (std::string_view two_words : {"sq. ft", "sq ft", "sq m"})
    if (text.substr(unit_at).starts_with(two_words)) unit_end = unit_at + two_words.size();
  if (auto unit = english::unit(text.substr(unit_at, unit_end - unit_at), one)) {
    // "min." with a stop that ends no sentence
    bool stop = unit_end + 1 < text.size() && text[unit_end] == '.' && text[unit_end + 1] == ' ' &&
                unit_end + 2 < text.size() && is_lower(text[unit_end + 2]);
    say(numbers::decimal(digits) + " " + std::string(*unit), unit_end + (stop ? 1 : 0));
    return true;
  }
  if (unit_at == end && unit_end > end) {
    // "3D", "4x4": part of a word
    say(numbers::decimal(digits), end);
    return true;
  }
  say(number_as_said(digits, end), end);
  return true;
}

/// House and room numbers in pairs, years as years, others as they count.
std::string EnglishReader::number_as_said(std::string_view digits, std::size_t end) {
  bool plain = std::ranges::all_of(digits, is_digit);
  if (!plain || digits.size() > 15) return numbers::decimal(digits);
  if (digits.size() > 1 && digits[0] == '0') return numbers::spelled(digits);
  auto number = number_of(digits);
  auto last = to_lower(last_word_);
  bool room = digits.size() == 3 || digits.size() == 4;
  if (room && english::is_room_word(last)) return numbers::in_pairs(number);
  bool after_year_word = last == "in" || last == "since" || last == "year" || last == "until" ||
                         last == "of" || english::month(last) > 0;
  if (digits.size() == 4 && number >= 1900 && number < 2100 && after_year_word)
    return numbers::year(number);
  if (!room) return numbers::cardinal(number);
  // A house number: capitals follow, and among the next three words one for a street.
  auto text = rest();
  std::size_t at = end;
  for (int i = 0; i < 3 && at < text.size() && text[at] == ' '; ++i) {
    auto begin = at + 1;
    auto word_end = begin;
    while (word_end < text.size() && is_word(text[word_end])) ++word_end;
    auto word = text.substr(begin, word_end - begin);
    if (word.empty() || !is_upper(word[0])) break;
    if (i > 0 && english::is_street_word(word)) return numbers::in_pairs(number);
    at = word_end;
  }
  return numbers::cardinal(number);
}

}  // namespace parley::dialog
