#include "spoken.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common_names.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr std::array<std::string_view, 10> unit_names{"zero", "one", "two",   "three", "four",
                                                      "five", "six", "seven", "eight", "nine"};
constexpr std::array<std::string_view, 10> teen_names{"ten",      "eleven",  "twelve",  "thirteen",
                                                      "fourteen", "fifteen", "sixteen", "seventeen",
                                                      "eighteen", "nineteen"};
constexpr std::array<std::string_view, 8> ten_names{"twenty", "thirty",  "forty",  "fifty",
                                                    "sixty",  "seventy", "eighty", "ninety"};

template <std::size_t N>
std::optional<std::size_t> place(const std::array<std::string_view, N>& names,
                                 std::string_view word) {
  auto found = std::ranges::find(names, word);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::string unit(std::string_view word) {
  if (word == "oh" || word == "o") return "0";
  if (auto value = place(unit_names, word)) return std::to_string(*value);
  return "";
}

std::string written(std::string_view word) {
  std::string digits;
  for (char c : word) {
    if (c >= '0' && c <= '9')
      digits += c;
    else if (c != '-')
      return "";
  }
  return digits;
}

/// Reads one group of digits at `at` and moves past it; empty when there is none.
std::string read_group(const Words& words, std::size_t& at) {
  auto word = [&](std::size_t i) { return i < words.size() ? std::string_view(words[i]) : ""; };
  auto here = word(at);
  if (here == "double" || here == "triple") {
    auto one = unit(word(at + 1));
    if (one.empty()) one = written(word(at + 1));
    if (one.size() != 1) return "";
    at += 2;
    return here == "double" ? one + one : one + one + one;
  }
  std::string group = unit(here);
  if (!group.empty()) {
    ++at;
  } else if (auto teen = place(teen_names, here)) {
    ++at;
    group = std::to_string(10 + *teen);
  } else if (auto tens = place(ten_names, here)) {
    ++at;
    auto second = unit(word(at));
    bool joins = !second.empty() && second != "0";
    if (joins) ++at;
    group = std::to_string(2 + *tens) + (joins ? second : "0");
  } else if (auto plain = written(here); !plain.empty()) {
    ++at;
    group = plain;
  }
  if (group.empty()) return "";
  if (word(at) == "hundred") {
    ++at;
    group += "00";
  } else if (word(at) == "thousand") {
    ++at;
    group += "000";
  }
  return group;
}

bool passes_over(std::string_view word) {
  static const std::set<std::string_view> words{"uh",   "um",   "er",  "area",
                                                "code", "dash", "and", "then"};
  return words.contains(word);
}

/// Words that end a name when they follow it.
bool ends_name(std::string_view word) {
  static const std::set<std::string_view> words{
      "calling",  "speaking", "number",  "phone",     "tomorrow",    "today",    "tonight",
      "thanks",   "thank",    "monday",  "tuesday",   "wednesday",   "thursday", "friday",
      "saturday", "sunday",   "next",    "again",     "appointment", "morning",  "afternoon",
      "evening",  "sorry",    "spelled", "correct",   "right",       "mister",   "mr",
      "mrs",      "ms",       "miss",    "doctor",    "dr",          "name",     "named",
      "time",     "book",     "booking", "something", "someone",     "somebody", "anything",
      "trying",   "looking",  "hoping",  "son",       "daughter",    "wife",     "husband",
      "mother",   "father",   "mom",     "dad",       "kid",         "child",    "friend",
      "boss",     "wrong",    "good",    "fine",      "great",       "ready",    "late",
      "sure",     "noon",     "nothing"};
  return words.contains(word) || (is_stopword(word) && word != "will") || !unit(word).empty() ||
         !written(word).empty();
}

bool is_letter_word(std::string_view word) {
  return word.size() == 1 && word[0] >= 'a' && word[0] <= 'z';
}

bool can_be_name(std::string_view word) {
  return word.size() >= 2 && word.size() <= 30 && !ends_name(word) &&
         std::ranges::none_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

/// "a n double n a" from `at` on: the word the letters make.
std::string read_letters(const Words& words, std::size_t& at) {
  std::string letters;
  while (at < words.size()) {
    bool twice = words[at] == "double" && at + 1 < words.size() && is_letter_word(words[at + 1]);
    if (twice) {
      letters += words[at + 1] + words[at + 1];
      at += 2;
    } else if (is_letter_word(words[at])) {
      letters += words[at++];
    } else {
      break;
    }
  }
  return letters;
}

}  // namespace

std::optional<SpokenDigits> find_digits(const Words& words) {
  std::optional<SpokenDigits> best;
  for (std::size_t at = 0; at < words.size();) {
    SpokenDigits run{"", {at, at}};
    auto next = at;
    while (next < words.size()) {
      auto group = read_group(words, next);
      if (!group.empty()) {
        run.digits += group;
        run.where.end = next;
      } else if (!run.digits.empty() && passes_over(words[next])) {
        ++next;
      } else {
        break;
      }
    }
    if (!run.digits.empty() && (!best || run.digits.size() > best->digits.size())) best = run;
    at = std::max(at + 1, run.where.end);
  }
  return best;
}

std::string phone_from(const std::string& digits) {
  if (digits.size() == 11 && digits[0] != '1') return "";
  if (digits.size() != 10 && digits.size() != 11) return "";
  // The North American plan has no area code that starts with 0 or 1.
  if (auto area = digits[digits.size() - 10]; area == '0' || area == '1') return "";
  auto phone = normalize_e164(digits);
  return phone ? *phone : "";
}

NameFinder::NameFinder() {
  for (auto list : {common_first_names(), common_last_names()})
    for (auto& name : split(list, ' ')) common_.insert(name);
}

bool NameFinder::is_common(std::string_view word) const {
  return common_.contains(word) ||
         (word.ends_with("'s") && common_.contains(word.substr(0, word.size() - 2)));
}

/// "Will" and "Long" are names too, but only after a name or where a name must come.
bool NameFinder::fits(std::string_view word) const {
  return can_be_name(word) || (is_stopword(word) && common_.contains(word));
}

/// Up to four words of a name from `at` on; letters that follow correct the word before them.
std::optional<SpokenName> NameFinder::take(const Words& words, std::size_t lead,
                                           std::size_t at) const {
  Words name;
  while (at < words.size() && name.size() < 4) {
    if (has(Words(words.begin() + static_cast<std::ptrdiff_t>(at), words.end()),
            "^that's|thats|spelled spelled? *") &&
        !name.empty()) {
      ++at;
      if (at < words.size() && words[at] == "spelled") ++at;
      if (at >= words.size() || !is_letter_word(words[at])) {
        --at;
        break;
      }
    }
    if (is_letter_word(words[at]) || (words[at] == "double" && at + 1 < words.size())) {
      auto before = at;
      auto spelled = read_letters(words, at);
      if (spelled.size() < 2) {
        at = before;
        break;
      }
      if (!name.empty() && similarity(name.back(), spelled) >= 0.5) name.pop_back();
      name.push_back(spelled);
    } else if (fits(words[at])) {
      name.push_back(words[at++]);
    } else {
      break;
    }
  }
  if (name.empty()) return std::nullopt;
  return SpokenName{as_name(name), {lead, at}};
}

std::optional<SpokenName> NameFinder::announced(const Words& words) const {
  // These words announce nothing but a name; the second list also begins other sentences, so there
  // the word after it must be a name people have.
  for (auto pattern : {"my|the name is|was", "my|the name's", "name is", "under the? name of?",
                       "in the name of", "call me|him|her", "name it's"}) {
    if (auto lead = find(words, pattern))
      if (auto name = take(words, lead->begin, lead->end)) return name;
  }
  constexpr std::array<std::string_view, 7> weak{"this is", "it's", "it is", "i'm",
                                                 "i am",    "for",  "under"};
  for (std::size_t at = 0; at < words.size(); ++at) {
    for (auto pattern : weak) {
      auto lead = find_at(words, at, pattern);
      if (!lead || *lead >= words.size()) continue;
      if (!is_common(words[*lead]) || !can_be_name(words[*lead])) continue;
      // "For may third" is a day, "for april" alone could be either.
      bool is_month = words[*lead] == "april" || words[*lead] == "june";
      if (is_month && (*lead + 1 >= words.size() || !is_common(words[*lead + 1]))) continue;
      if (auto name = take(words, at, *lead)) return name;
    }
  }
  return std::nullopt;
}

std::optional<SpokenName> NameFinder::answered(const Words& words) const {
  if (auto name = announced(words)) return name;
  for (auto pattern :
       {"^this is", "^it's", "^it is", "^i'm", "^i am", "^for", "^sure it's?",
        "^yes|yeah|okay|ok it's?", "^no it's|its", "^actually it's?", "^uh|um", ""}) {
    auto lead = find(words, pattern);
    if (!lead) continue;
    auto name = take(words, lead->begin, lead->end);
    if (!name) continue;
    // A bare answer is short; a long sentence is about something else.
    if (words.size() - name->where.size() <= 3) return name;
  }
  for (std::size_t at = 0; at < words.size(); ++at) {
    if (!is_common(words[at]) || !can_be_name(words[at])) continue;
    // An uncommon first name before a common last one.
    auto first = at > 0 && can_be_name(words[at - 1]) ? at - 1 : at;
    return take(words, first, first);
  }
  return std::nullopt;
}

}  // namespace parley::dialog
