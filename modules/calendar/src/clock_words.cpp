#include "clock_words.hpp"

namespace parley::calendar {

namespace {

constexpr int half_day = 12 * 60;
using Kind = Token::Kind;
using Said = std::optional<ClockSaid>;

ClockSaid twelve_hour(int hour, int minute, std::size_t end, bool sure) {
  return {.minutes = hour % 12 * 60 + minute, .ambiguous = true, .sure = sure, .end = end};
}

/// Hours of 13 and more say which half of the day they mean.
ClockSaid from_hour(int hour, int minute, std::size_t end, bool sure) {
  if (hour >= 1 && hour <= 12) return twelve_hour(hour, minute, end, sure);
  return {.minutes = hour * 60 + minute, .ambiguous = false, .sure = sure, .end = end};
}

}  // namespace

int ClockSaid::likely() const {
  if (!ambiguous) return minutes;
  return minutes < 7 * 60 ? minutes + half_day : minutes;
}

int ClockSaid::after(int start) const {
  if (minutes > start) return minutes;
  if (ambiguous && minutes + half_day > start) return minutes + half_day;
  return minutes == 0 ? 2 * half_day : minutes;  // "from eight to midnight"
}

Said ClockWords::at(std::size_t i, bool with_relative) const {
  if (i >= words_.size() || is_taken(i)) return std::nullopt;
  if (auto said = named(i)) return said;
  if (with_relative)
    if (auto said = relative(i)) return said;
  if (auto said = written(i)) return said;
  return numbers(i);
}

// "noon", "twelve noon"
Said ClockWords::named(std::size_t i) const {
  std::size_t at = words_.number(i, 12, 12) ? i + 1 : i;
  if (words_.is(at, {"noon", "midday", "noontime"}))
    return ClockSaid{.minutes = half_day, .sure = true, .end = at + 1};
  if (words_.is(at, "midnight")) return ClockSaid{.minutes = 0, .sure = true, .end = at + 1};
  return std::nullopt;
}

// "half past ten", "a quarter to four", "ten minutes past two", "twenty to three"
Said ClockWords::relative(std::size_t i) const {
  std::size_t at = words_.is(i, "a") ? i + 1 : i;
  int offset = 0;
  bool named = true;
  if (words_.is(at, "half")) {
    offset = 30;
  } else if (words_.is(at, "quarter")) {
    offset = 15;
  } else if (at == i && words_.number(at, 1, 29) && !in_long_number(at)) {
    offset = words_[at].value;
    named = words_.is(at + 1, {"minutes", "minute"});
    if (!named && offset % 5 != 0) return std::nullopt;
    if (named) ++at;
  } else {
    return std::nullopt;
  }
  ++at;
  bool later = words_.is(at, {"past", "after"});
  bool earlier = words_.is(at, {"to", "until"}) || (named && words_.is(at, {"of", "before"}));
  if (!later && !earlier) return std::nullopt;
  if (offset == 30 && earlier) return std::nullopt;
  if (is_taken(at + 1)) return std::nullopt;
  ClockSaid hour;
  if (auto fixed = this->named(at + 1)) {
    hour = *fixed;
  } else if (words_.number(at + 1, 1, 12) && words_[at + 1].digits <= 2 &&
             !words_.number(at + 2, 0, 9999)) {
    hour = twelve_hour(words_[at + 1].value, 0, at + 2, true);
    if (words_.is(hour.end, "oclock")) ++hour.end;
  } else {
    return std::nullopt;
  }
  if (!ends_clean(hour.end) && !words_.is(hour.end, {"am", "pm"})) return std::nullopt;
  int cycle = hour.ambiguous ? half_day : 2 * half_day;
  hour.minutes = (hour.minutes + (later ? offset : cycle - offset)) % cycle;
  return with_meridiem(hour);
}

// "2:30", "14:30", "2.30 pm"
Said ClockWords::written(std::size_t i) const {
  const auto& token = words_[i];
  if (token.kind != Kind::clock) return std::nullopt;
  bool known = token.padded || token.value >= 13 * 60 || token.value < 60;
  ClockSaid said{.minutes = known ? token.value : token.value % half_day,
                 .ambiguous = !known,
                 .sure = !token.dotted || words_.is(i + 1, {"am", "pm"}),
                 .end = i + 1};
  if (words_.is(said.end, "oclock")) ++said.end;
  return with_meridiem(said);
}

// "two", "two thirty", "two oh five", "two p m", "ten o'clock", "230 pm", "fourteen hundred hours"
Said ClockWords::numbers(std::size_t i) const {
  const auto& token = words_[i];
  if (token.kind != Kind::number || in_long_number(i)) return std::nullopt;
  auto says_half = [&](std::size_t at) {
    return words_.is(at, "pm") || (words_.is(at, "am") && !words_.is(at + 1, {"i", "i'm"}));
  };
  if (token.digits >= 3) {
    int hour = token.value / 100;
    int minute = token.value % 100;
    if (hour > 23 || minute > 59 || (token.digits == 3 && hour == 0)) return std::nullopt;
    bool half = says_half(i + 1);
    auto said = token.padded ? ClockSaid{.minutes = hour * 60 + minute, .end = i + 1}
                             : from_hour(hour, minute, i + 1, half);
    said.sure = half || words_.is(i + 1, "hours");
    if (words_.is(i + 1, "hours")) ++said.end;
    if (!said.sure && names_a_thing(i)) return std::nullopt;
    return with_meridiem(said);
  }
  int hour = token.value;
  if (hour > 23) return std::nullopt;
  if (words_.are(i + 1, {"hundred", "hours"}))
    return ClockSaid{.minutes = hour * 60, .sure = true, .end = i + 3};
  if (says_half(i + 1) || words_.is(i + 1, "oclock")) {
    auto said = from_hour(hour, 0, i + 1, true);
    if (words_.is(i + 1, "oclock")) ++said.end;
    return with_meridiem(said);
  }
  const auto& next = words_[i + 1];
  bool minutes = next.kind == Kind::number && !token.breaks && !is_taken(i + 1) &&
                 next.digits <= 2 &&
                 (next.padded ? next.value <= 9 : next.value >= 10 && next.value <= 59);
  if (minutes) {
    bool half = says_half(i + 2);
    bool usual = hour >= 1 && hour <= 12 && next.value % 5 == 0;
    bool counted = words_.is(
        i + 2, {"minute",  "minutes",  "min",    "hour",   "hours", "dollars", "bucks",  "cents",
                "percent", "people",   "years",  "year",   "days",  "weeks",   "months", "pounds",
                "hundred", "thousand", "street", "avenue", "road",  "point",   "times"});
    if (counted || (!half && names_a_thing(i))) return std::nullopt;
    auto said = from_hour(hour, next.value, i + 2, half || usual || next.padded);
    if (!said.sure && !ends_clean(said.end)) return std::nullopt;
    return with_meridiem(said);
  }
  bool owned = i > 0 && words_.is(i - 1, {"my", "your", "his", "her", "our", "their"});
  if (hour == 0 || owned || names_a_thing(i)) return std::nullopt;
  return from_hour(hour, 0, i + 1, false);
}

ClockSaid ClockWords::with_meridiem(ClockSaid said) const {
  bool pm = words_.is(said.end, "pm");
  if (!pm && !words_.is(said.end, "am")) return said;
  ++said.end;
  if (said.ambiguous && pm) said.minutes += half_day;
  said.ambiguous = false;
  return said;
}

/// Part of a phone number, an address or a year: three numbers and more in a row.
bool ClockWords::in_long_number(std::size_t i) const {
  auto counts = [&](std::size_t at) {
    return at < words_.size() && !is_taken(at) &&
           (words_[at].kind == Kind::number ||
            words_.is(at, {"hundred", "thousand", "double", "triple", "oh"}));
  };
  if (words_.are(i + 1, {"hundred", "hours"})) return false;
  std::size_t from = i;
  while (from > 0 && counts(from - 1)) --from;
  std::size_t to = i + 1;
  while (counts(to)) ++to;
  return to - from > 2 || words_.is(to - 1, {"hundred", "thousand"});
}

/// "room 12", "number two", "the other two"
bool ClockWords::names_a_thing(std::size_t i) const {
  return i > 0 &&
         words_.is(
             i - 1,
             {"room",    "suite",   "apartment", "apt",   "number", "unit",   "floor", "extension",
              "ext",     "box",     "building",  "code",  "zip",    "street", "route", "highway",
              "line",    "option",  "press",     "dial",  "gate",   "page",   "age",   "aged",
              "channel", "section", "chair",     "table", "plus",   "top",    "last",  "first",
              "these",   "those",   "other",     "tooth", "teeth",  "id",     "step",  "part",
              "level",   "grade",   "size"});
}

bool ClockWords::ends_clean(std::size_t end) const {
  if (end >= words_.size() || words_[end - 1].breaks || is_taken(end)) return true;
  // "at one or two people": what follows the second number tells.
  if (words_.is(end, {"or", "and", "to"}) && words_[end + 1].kind == Kind::number &&
      !is_taken(end + 1)) {
    std::size_t second = end + 2;
    return second >= words_.size() || words_[second - 1].breaks || is_taken(second) ||
           words_.is(second, {"am", "pm", "oclock"}) || words_[second].kind == Kind::number ||
           ends_clean(second);
  }
  return words_.is(
      end, {"in",      "on",        "this",    "that",  "today",  "tomorrow", "tonight",  "please",
            "or",      "and",       "if",      "would", "works",  "work",     "is",       "sounds",
            "thanks",  "thank",     "instead", "for",   "with",   "to",       "but",      "then",
            "ish",     "maybe",     "sharp",   "next",  "the",    "because",  "i",        "we",
            "my",      "at",        "so",      "until", "before", "after",    "through",  "onwards",
            "onward",  "okay",      "ok",      "yes",   "no",     "not",      "actually", "oclock",
            "morning", "afternoon", "evening", "does",  "will",   "can",      "could",    "should",
            "do",      "you",       "it",      "sir",   "maam",   "right",    "how",      "what",
            "around",  "about",     "from",    "by",    "just",   "exactly",  "also",     "sorry",
            "wait",    "ill",       "im",      "be",    "are",    "was",      "when",     "doesnt",
            "earlier", "later",     "good",    "fine",  "great",  "perfect",  "as",       "day"});
}

}  // namespace parley::calendar
