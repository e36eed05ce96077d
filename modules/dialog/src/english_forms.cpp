#include "english_forms.hpp"

#include <algorithm>
#include <array>

#include "characters.hpp"
#include "english_tables.hpp"
#include "parley/base/strings.hpp"
#include "spoken_numbers.hpp"
#include "spoken_text.hpp"

namespace parley::dialog {

using namespace characters;

namespace {

/// Dashes of typesetting as a pause, or as "-" between numbers; curly apostrophes as straight ones.
std::string plain_punctuation(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto three = text.substr(at, 3);
    bool dash = three == "\u2013" || three == "\u2014";
    if (three == "\u2019") {
      out += '\'';
    } else if (three == "\u2026") {
      out += "...";
    } else if (dash) {
      auto before = trim(out);
      auto after = trim(text.substr(at + 3));
      bool range = !before.empty() && !after.empty() && (is_digit(after[0]) || after[0] == '$') &&
                   (is_digit(before.back()) || before.ends_with("AM") || before.ends_with("PM") ||
                    before.ends_with("am") || before.ends_with("pm"));
      out = std::string(before) + (range ? "-" : before.empty() ? "" : ", ");
      while (at + 3 < text.size() && text[at + 3] == ' ') ++at;
    } else {
      out += text[at];
      continue;
    }
    at += 2;
  }
  return out;
}

}  // namespace

std::string english_forms(std::string_view text) {
  auto plain = plain_punctuation(text);
  return EnglishReader(plain).read();
}

std::string EnglishReader::read() {
  static constexpr std::array<Rule, 13> rules{
      &EnglishReader::take_as_is,        &EnglishReader::take_address,
      &EnglishReader::take_money,        &EnglishReader::take_iso_date,
      &EnglishReader::take_slashed_date, &EnglishReader::take_phone,
      &EnglishReader::take_time,         &EnglishReader::take_range,
      &EnglishReader::take_ordinal,      &EnglishReader::take_code,
      &EnglishReader::take_number,       &EnglishReader::take_words,
      &EnglishReader::take_symbol};
  while (at_ < text_.size()) {
    bool inside_word = at_ > 0 && is_word(text_[at_]) && is_word(text_[at_ - 1]);
    bool taken =
        !inside_word && std::ranges::any_of(rules, [this](Rule rule) { return (this->*rule)(); });
    if (!taken) out_ += text_[at_++];
  }
  return std::string(trim(out_));
}

/// Takes the next `taken` bytes and says `words` instead, with blanks around them where words would
/// run together.
void EnglishReader::say(std::string_view words, std::size_t taken) {
  if (!out_.empty() && is_word(out_.back()) && !words.empty() && is_word(words.front()))
    out_ += ' ';
  out_ += words;
  last_word_.clear();
  at_ += taken;
  if (at_ < text_.size() && is_word(text_[at_]) && !words.empty()) out_ += ' ';
}

bool EnglishReader::take_as_is() {
  if (text_[at_] != '\x01') return false;
  auto end = std::min(text_.find('\x02', at_), text_.size());
  say(text_.substr(at_ + 1, end - at_ - 1), std::min(end + 1, text_.size()) - at_);
  return true;
}

/// "hello@bright.example" and "bright.example": with "at" and "dot".
bool EnglishReader::take_address() {
  if (!is_letter(rest()[0])) return false;
  std::size_t end = 0;
  std::size_t dots = 0;
  bool at_sign = false;
  while (end < rest().size() &&
         (is_word(rest()[end]) || std::string_view(".-_@+").contains(rest()[end]))) {
    at_sign = at_sign || rest()[end] == '@';
    ++end;
  }
  while (end > 0 && !is_word(rest()[end - 1])) --end;
  auto address = rest().substr(0, end);
  dots = static_cast<std::size_t>(std::ranges::count(address, '.'));
  auto last = address.rfind('.');
  bool top = last != std::string_view::npos && address.size() - last > 2 &&
             std::ranges::all_of(address.substr(last + 1), is_lower);
  // "e.g" and "a.m" have one letter between the full stops.
  if (!at_sign && (dots == 0 || !top || last < 2)) return false;
  if (at_sign && !top) return false;
  std::string said;
  for (char c : address) {
    if (c == '@')
      said += " at ";
    else if (c == '.')
      said += " dot ";
    else if (c == '_')
      said += " underscore ";
    else
      said += c;
  }
  say(said, end);
  return true;
}

bool EnglishReader::take_words() {
  if (!is_letter(rest()[0])) return false;
  std::size_t end = 0;
  while (end < rest().size() && (is_word(rest()[end]) || rest()[end] == '\'')) ++end;
  // "e.g." and "a.m.": letters with full stops between them.
  auto stop = end;
  while (stop + 1 < rest().size() && rest()[stop] == '.' && is_letter(rest()[stop + 1]) &&
         (stop + 2 >= rest().size() || !is_word(rest()[stop + 2])))
    stop += 2;
  if (stop > end && take_short_form(rest().substr(0, stop), stop)) return true;
  auto word = rest().substr(0, end);
  if (take_month_day(word, end) || take_short_form(word, end)) return true;
  out_ += word;
  last_word_ = word;
  at_ += end;
  return true;
}

bool EnglishReader::take_short_form(std::string_view word, std::size_t end) {
  bool stop = end < rest().size() && rest()[end] == '.';
  auto after = rest().substr(std::min(end + (stop ? 1 : 0), rest().size()));
  auto next = trim(after);
  bool name_follows = !next.empty() && is_upper(next[0]) && !after.empty() && after[0] == ' ';
  bool digit_follows = !next.empty() && is_digit(next[0]);
  std::string said;
  auto lower = to_lower(word);
  bool after_name = !last_word_.empty() && is_upper(last_word_[0]);
  if (lower == "st" && is_upper(word[0])) {
    said = after_name ? "Street" : name_follows ? "Saint" : "Street";
  } else if (lower == "dr" && is_upper(word[0])) {
    said = after_name && !name_follows ? "Drive" : "Doctor";
  } else if (lower == "no" && stop && digit_follows) {
    said = "number";
  } else if (lower == "asap") {
    said = "as soon as possible";
  } else if (auto known = english::abbreviation(word); known && stop) {
    said = *known;
  } else if (known && (lower == "mr" || lower == "mrs" || lower == "ms" || lower == "blvd") &&
             is_upper(word[0])) {
    said = *known;
  } else if (auto number = english::month(word); number > 0 && stop && word.size() <= 4) {
    said = english::month_name(number);
  }
  if (said.empty()) return false;
  // The stop of a short form ends the sentence too when nothing follows.
  bool ends_sentence = stop && next.empty();
  say(said, end + (stop && !ends_sentence ? 1 : 0));
  last_word_ = lower == "no" ? "No" : "";
  return true;
}

/// "March 5, 2026" and "Mar. 5th" are "March fifth, twenty twenty-six" and "March fifth".
bool EnglishReader::take_month_day(std::string_view word, std::size_t end) {
  auto month = english::month(word);
  if (month == 0 || !is_upper(word[0])) return false;
  auto text = rest();
  auto at = end;
  if (at < text.size() && text[at] == '.') ++at;
  if (at >= text.size() || text[at] != ' ') return false;
  ++at;
  auto digits = digits_at(text, at);
  if (digits == 0 || digits > 2) return false;
  auto day = number_of(text.substr(at, digits));
  if (day < 1 || day > 31) return false;
  at += digits;
  auto suffix = to_lower(text.substr(at, 2));
  if (suffix == "st" || suffix == "nd" || suffix == "rd" || suffix == "th") at += 2;
  if (at < text.size() && (is_word(text[at]) || text[at] == ':')) return false;
  auto said = std::string(english::month_name(month)) + " " + numbers::ordinal(day);
  auto year_at = at;
  if (text.substr(year_at, 2) == ", ")
    year_at += 2;
  else if (text.substr(year_at, 1) == " ")
    year_at += 1;
  bool year = digits_at(text, year_at) == 4 && (text[year_at] == '1' || text[year_at] == '2') &&
              (year_at + 4 >= text.size() || !is_word(text[year_at + 4]));
  if (year) {
    said += ", " + numbers::year(number_of(text.substr(year_at, 4)));
    at = year_at + 4;
  }
  say(said, at);
  return true;
}

bool EnglishReader::take_symbol() {
  auto text = rest();
  bool spaced = before() == ' ' && text.size() > 1 && text[1] == ' ';
  switch (text[0]) {
    case '&':
      say(before() == ' ' ? "and" : " and ", 1);
      return true;
    case '=':
      if (spaced) say("equals", 1);
      return spaced;
    case '+':
      if (spaced || (text.size() > 1 && is_digit(text[1]))) {
        say("plus", 1);
        return true;
      }
      return false;
    case '/':
      if (at_ > 0 && is_letter(before()) && text.size() > 1 && is_letter(text[1])) {
        out_ += ' ';  // "and/or"
        ++at_;
        return true;
      }
      return false;
    case '#':
      if (text.size() > 1 && is_digit(text[1])) {
        say("number", 1);
        return true;
      }
      return false;
    default:
      return false;
  }
}

}  // namespace parley::dialog
