#include "time_rules.hpp"

#include <algorithm>

namespace parley::calendar {

namespace {

using Kind = TimeFind::Kind;
using Found = std::optional<TimeFind>;
constexpr int noon = 12 * 60;
constexpr int day_end = 24 * 60;

class Rules {
 public:
  Rules(const Words& words, const std::vector<bool>& taken)
      : words_(words), clocks_(words, taken) {}

  Found at(std::size_t i) const {
    using Rule = Found (Rules::*)(std::size_t) const;
    static constexpr Rule rules[] = {&Rules::event, &Rules::offset, &Rules::range, &Rules::from_on,
                                     &Rules::until, &Rules::point,  &Rules::part};
    for (auto rule : rules)
      if (auto found = (this->*rule)(i)) return found;
    return std::nullopt;
  }

  /// "two" as the whole answer: everything else is politeness, days or parts of the day.
  Found lone_number(const std::vector<TimeFind>& finds) const {
    std::optional<std::size_t> number;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      bool part = std::ranges::any_of(
          finds, [&](const auto& f) { return f.kind == Kind::part && i >= f.from && i < f.to; });
      if (part || clocks_.is_taken(i) || is_filler(i)) continue;
      if (!words_.number(i, 1, 12) || number) return std::nullopt;
      number = i;
    }
    if (!number) return std::nullopt;
    bool spelled_one = words_.is(*number, "one");
    if (spelled_one && *number > 0 &&
        words_.is(*number - 1,
                  {"want", "like", "take", "need", "have", "with", "just", "that", "no", "good",
                   "better", "sure", "fine", "great", "this", "the", "perfect"}))
      return std::nullopt;
    auto said = clocks_.at(*number, false);
    if (!said) return std::nullopt;
    return TimeFind{.from = *number, .to = said->end, .first = *said};
  }

 private:
  bool is_filler(std::size_t i) const {
    return words_.is(
        i,
        {"no",     "yes",    "yeah",   "yep",   "um",   "uh",      "er",      "please", "maybe",
         "i",      "think",  "lets",   "let",   "us",   "say",     "make",    "it",     "how",
         "about",  "what",   "thanks", "thank", "you",  "okay",    "ok",      "well",   "actually",
         "rather", "sorry",  "mean",   "id",    "like", "want",    "prefer",  "at",     "for",
         "works",  "work",   "is",     "fine",  "good", "great",   "perfect", "would",  "be",
         "me",     "sounds", "that",   "thats", "then", "so",      "hmm",     "just",   "or",
         "and",    "can",    "could",  "we",    "do",   "instead", "better",  "sure",   "right",
         "wait",   "to",     "take",   "ill",   "go",   "with",    "have",    "on",     "need",
         "oh",     "said",   "not",    "nope",  "will"});
  }

  Found made(Kind kind, std::size_t from, ClockSaid first, ClockSaid last, std::size_t to) const {
    TimeFind find{.kind = kind, .from = from, .to = to, .first = first, .last = last};
    return find;
  }
  bool usable(const ClockSaid& said) const { return said.sure || clocks_.ends_clean(said.end); }

  // "between two and four", "from 9 to 5", "two to four pm", "2-4"
  Found range(std::size_t i) const {
    bool between = words_.is(i, "between");
    bool lead = between || words_.is(i, "from");
    auto first = clocks_.at(lead ? i + 1 : i, !lead);
    if (!first) return std::nullopt;
    bool link = between ? words_.is(first->end, {"and", "to"})
                        : words_.is(first->end, {"to", "until", "through"});
    if (!link && lead) {  // "from quarter to four to five"
      first = clocks_.at(i + 1, true);
      link = first && words_.is(first->end, {"to", "until", "and"});
    }
    if (!link) return std::nullopt;
    auto last = clocks_.at(first->end + 1, false);
    if (!last) return std::nullopt;
    bool fine = usable(*last) && (lead || first->sure || last->sure || clean_before(i));
    if (!fine) return std::nullopt;
    return made(Kind::range, i, *first, *last, last->end);
  }
  bool clean_before(std::size_t i) const {
    return i == 0 || clocks_.is_taken(i - 1) || words_[i - 1].breaks ||
           words_.is(i - 1, {"like", "say", "maybe", "about", "around", "at", "be", "is", "for",
                             "anytime", "anywhere", "time", "hours"});
  }

  // "after three", "three or later", "from ten on", "no earlier than nine"
  Found from_on(std::size_t i) const {
    std::size_t at = i;
    if (words_.is(i, {"after", "past", "since", "from"}))
      at = i + 1;
    else if (words_.is(i, {"later", "earlier"}) && words_.is(i + 1, "than"))
      at = i + 2;
    if (words_.are(i, {"not", "before"})) at = i + 2;
    if (at == i + 2 && words_.is(i, "earlier")) return std::nullopt;
    if (words_.are(i, {"no", "earlier", "than"}) || words_.are(i, {"not", "earlier", "than"}))
      at = i + 3;
    if (at > i) {
      std::size_t clock_at = words_.is(at, {"about", "around"}) ? at + 1 : at;
      auto said = clocks_.at(clock_at);
      if (!said || !usable(*said)) return std::nullopt;
      std::size_t end = said->end;
      if (words_.is(end, {"on", "onwards", "onward"}) && !clocks_.is_taken(end + 1)) ++end;
      return made(Kind::from_on, i, *said, {}, end);
    }
    auto said = clocks_.at(i);
    if (!said) return std::nullopt;
    std::size_t end = said->end;
    if (words_.is(end, {"or", "and"}) && words_.is(end + 1, {"later", "after", "on"}))
      return made(Kind::from_on, i, *said, {}, end + 2);
    if (words_.is(end, {"onwards", "onward"})) return made(Kind::from_on, i, *said, {}, end + 1);
    return std::nullopt;
  }

  // "before noon", "by four", "no later than five", "four at the latest"
  Found until(std::size_t i) const {
    std::size_t at = i;
    if (words_.is(i, {"before", "by", "until"}))
      at = i + 1;
    else if (words_.are(i, {"up", "to"}) || words_.are(i, {"not", "after"}))
      at = i + 2;
    else if (words_.are(i, {"earlier", "than"}))
      at = i + 2;
    else if (words_.is(i, {"no", "not"}) && words_.are(i + 1, {"later", "than"}))
      at = i + 3;
    if (at > i) {
      std::size_t clock_at = words_.is(at, {"about", "around"}) ? at + 1 : at;
      auto said = clocks_.at(clock_at);
      if (!said || !usable(*said)) return std::nullopt;
      return made(Kind::until, i, {}, *said, said->end);
    }
    auto said = clocks_.at(i);
    if (!said) return std::nullopt;
    if (words_.is(said->end, "or") && words_.is(said->end + 1, {"earlier", "before"}))
      return made(Kind::until, i, {}, *said, said->end + 2);
    if (words_.are(said->end, {"at", "the", "latest"}))
      return made(Kind::until, i, {}, *said, said->end + 3);
    return std::nullopt;
  }

  // "at two", "around ten", "two thirty", "quarter to four", "tomorrow two"
  Found point(std::size_t i) const {
    if (words_.is(i,
                  {"at", "around", "about", "say", "approximately", "like", "to", "its", "it"})) {
      std::size_t at = i + 1;
      while (words_.is(at, {"around", "about", "like", "say", "exactly"}) && at < i + 3) ++at;
      if (auto half = half_hour(at, true)) return half;
      auto said = clocks_.at(at);
      bool loose = words_.is(i, {"to", "like", "its", "it"});
      if (said && (said->sure || clocks_.ends_clean(said->end)) &&
          !(loose && spelled_one(at, *said)))
        return made(Kind::point, at, *said, {}, said->end);
      return std::nullopt;
    }
    if (words_.is(i, "for")) {
      auto said = clocks_.at(i + 1);
      bool day_beside = said && (clocks_.is_taken(said->end) || (i > 0 && clocks_.is_taken(i - 1)));
      if (said && (said->sure || (day_beside && usable(*said))))
        return made(Kind::point, i + 1, *said, {}, said->end);
      return std::nullopt;
    }
    auto said = clocks_.at(i);
    if (!said) return std::nullopt;
    bool after_day = i > 0 && clocks_.is_taken(i - 1) && clocks_.ends_clean(said->end);
    if (!said->sure && !after_day && !half_follows(said->end)) return std::nullopt;
    return made(Kind::point, i, *said, {}, said->end);
  }
  /// "eight in the morning", "ten at night"
  bool half_follows(std::size_t end) const {
    if (words_.are(end, {"at", "night"})) return true;
    return words_.are(end, {"in", "the"}) &&
           words_.is(end + 2, {"morning", "afternoon", "evening"});
  }
  bool spelled_one(std::size_t at, const ClockSaid& said) const {
    return !said.sure && words_.is(at, "one");
  }
  /// "half two" is 2:30 where it is said at all.
  Found half_hour(std::size_t at, bool after_lead) const {
    if (!after_lead || !words_.is(at, "half") || !words_.number(at + 1, 1, 12)) return std::nullopt;
    auto said = clocks_.at(at + 1, false);
    if (!said || said->end != at + 2 || !clocks_.ends_clean(said->end)) return std::nullopt;
    said->minutes += 30;
    return made(Kind::point, at, *said, {}, said->end);
  }

  // "in two hours", "in half an hour", "an hour from now"
  Found offset(std::size_t i) const {
    std::size_t at = words_.is(i, "in") ? i + 1 : i;
    if (clocks_.is_taken(at)) return std::nullopt;
    if (words_.is(at, {"about", "around"}) && at > i) ++at;
    int minutes = 0;
    std::size_t end = at;
    if (words_.are(at, {"half", "an", "hour"}))
      minutes = 30, end = at + 3;
    else if (words_.are(at, {"half", "hour"}))
      minutes = 30, end = at + 2;
    else if (words_.are(at, {"an", "hour", "and", "a", "half"}))
      minutes = 90, end = at + 5;
    else if (words_.is(at, {"a", "an", "one"}) && words_.is(at + 1, "hour"))
      minutes = 60, end = at + 2;
    else if (words_.number(at, 1, 48) && words_.is(at + 1, {"hour", "hours"}))
      minutes = words_[at].value * 60, end = at + 2;
    else if (words_.number(at, 1, 600) && words_.is(at + 1, {"minute", "minutes"}))
      minutes = words_[at].value, end = at + 2;
    else
      return std::nullopt;
    if (words_.are(end, {"from", "now"}))
      end += 2;
    else if (at == i)
      return std::nullopt;  // "an hour": how long, not when
    TimeFind find{.kind = Kind::offset, .from = i, .to = end};
    find.minutes_from_now = minutes;
    return find;
  }

  TimeFind span(std::size_t from, std::size_t to, int start, int end) const {
    TimeFind find{.kind = Kind::part, .from = from, .to = to};
    find.part_from = start;
    find.part_to = end;
    find.part_in_morning = end <= noon;
    return find;
  }

  // "after lunch", "before work", "first thing", "end of the day", "after noon"
  Found event(std::size_t i) const {
    auto h = [](int hour) { return hour * 60; };
    if (words_.is(i, "after")) {
      if (words_.is(i + 1, "lunch")) return span(i, i + 2, h(13), h(17));
      if (words_.is(i + 1, "noon")) return span(i, i + 2, noon, h(17));
      if (words_.is(i + 1, "school")) return span(i, i + 2, h(15), h(18));
      if (words_.is(i + 1, "work")) return span(i, i + 2, h(17), h(21));
    }
    if (words_.is(i, "before")) {
      if (words_.is(i + 1, "lunch")) return span(i, i + 2, h(8), noon);
      if (words_.is(i + 1, {"work", "school"})) return span(i, i + 2, h(6), h(9));
    }
    if (words_.are(i, {"first", "thing"})) {
      std::size_t end = i + 2;
      while (words_.is(end, {"in", "the"})) ++end;
      if (words_.is(end, "morning")) return span(i, end + 1, h(6), h(10));
      return span(i, i + 2, h(6), h(10));
    }
    if (words_.are(i, {"last", "thing"})) return span(i, i + 2, h(16), h(18));
    if (words_.is(i, {"end", "close"}) && words_.is(i + 1, "of")) {
      std::size_t at = words_.is(i + 2, {"the", "my"}) ? i + 3 : i + 2;
      if (words_.is(at, {"work", "working", "business"}) && words_.is(at + 1, "day")) ++at;
      if (words_.is(at, {"day", "business"})) return span(i, at + 1, h(16), h(18));
    }
    if (words_.is(i, {"lunchtime", "noontime"})) return span(i, i + 1, noon, h(14));
    if (words_.is(i, "lunch") && words_.is(i + 1, {"time", "hour", "break"}))
      return span(i, i + 2, noon, h(14));
    if (words_.is(i, {"at", "around", "over"}) && words_.is(i + 1, "lunch"))
      return span(i, i + 2, noon, h(14));
    return std::nullopt;
  }

  // "morning", "late afternoon", "early in the morning", "tonight"
  Found part(std::size_t i) const {
    auto h = [](int hour) { return hour * 60; };
    if (words_.is(i, "tonight")) return span(i, i + 1, h(17), day_end);
    std::size_t at = i;
    bool early = words_.is(at, "early");
    bool late = words_.is(at, {"late", "later"});
    bool middle = words_.is(at, {"mid", "middle"});
    if (early || late || middle) {
      ++at;
      while (words_.is(at, {"in", "the", "of"})) ++at;
    }
    if (at == i && words_.is(i, {"midmorning", "midafternoon"}))
      return words_.is(i, "midmorning") ? span(i, i + 1, h(9), h(11))
                                        : span(i, i + 1, h(14), h(16));
    if (words_.is(at, "day") && at > i + 1)
      return early  ? span(i, at + 1, h(6), h(10))
             : late ? Found(span(i, at + 1, h(15), h(18)))
                    : std::nullopt;
    if (i > 0 && words_.is(i - 1, "good")) return std::nullopt;  // a greeting
    if (words_.is(at, "morning"))
      return early    ? span(i, at + 1, h(6), h(9))
             : late   ? span(i, at + 1, h(10), noon)
             : middle ? span(i, at + 1, h(9), h(11))
                      : span(i, at + 1, h(6), noon);
    if (words_.is(at, "afternoon"))
      return early    ? span(i, at + 1, noon, h(14))
             : late   ? span(i, at + 1, h(15), h(17))
             : middle ? span(i, at + 1, h(14), h(16))
                      : span(i, at + 1, noon, h(17));
    if (words_.is(at, "evening"))
      return early  ? span(i, at + 1, h(17), h(19))
             : late ? span(i, at + 1, h(19), h(22))
                    : span(i, at + 1, h(17), h(21));
    bool night = words_.is(at, {"night", "nights"}) && i > 0 &&
                 (clocks_.is_taken(i - 1) || words_.is(i - 1, "at")) && !words_.is(i - 1, "last");
    if (night) return span(i, at + 1, h(18), day_end);
    return std::nullopt;
  }

  const Words& words_;
  ClockWords clocks_;
};

/// A reading of a clock time that agrees with "in the afternoon"; nothing when none does.
std::optional<int> reading_in(const ClockSaid& said, const TimeFind& part) {
  if (!said.ambiguous) return std::nullopt;
  int value = part.part_in_morning ? said.minutes : said.minutes + noon;
  // "noon to five": ten in the afternoon is a slip of the tongue or a change of mind.
  if (!part.part_in_morning && part.part_from < 17 * 60 && value > 19 * 60) return std::nullopt;
  // "twelve at night" is the end of the day.
  if (part.part_from >= 17 * 60 && value < 16 * 60)
    return value - noon == 0 ? std::optional(0) : std::nullopt;
  return value;
}

}  // namespace

std::vector<TimeFind> find_times(const Words& words, const std::vector<bool>& taken) {
  Rules rules(words, taken);
  std::vector<TimeFind> found;
  for (std::size_t i = 0; i < words.size();) {
    auto time = rules.at(i);
    if (time) {
      i = std::max(time->to, i + 1);
      found.push_back(*time);
    } else {
      ++i;
    }
  }
  bool clock = std::ranges::any_of(found, [](const auto& f) { return f.kind != Kind::part; });
  if (!clock)
    if (auto lone = rules.lone_number(found)) found.push_back(*lone);
  std::ranges::sort(found, {}, &TimeFind::from);
  return found;
}

TimeMeant time_meant(const TimeFind& find, const TimeFind* part) {
  auto read = [&](const ClockSaid& said) {
    if (part)
      if (auto value = reading_in(said, *part)) return *value;
    return said.likely();
  };
  auto guessed = [&](const ClockSaid& said) {
    return said.ambiguous && !(part && reading_in(said, *part));
  };
  auto within_part = [&](TimeMeant meant) {
    if (!part) return meant;
    int earliest = std::max(meant.earliest, part->part_from);
    int latest = std::min(meant.latest, part->part_to);
    if (earliest < latest) meant.earliest = earliest, meant.latest = latest;
    return meant;
  };
  switch (find.kind) {
    case Kind::range: {
      int first = read(find.first);
      int last = find.last.after(first);
      if (find.first.ambiguous && !find.last.ambiguous) {
        // "two to four pm", "ten to two pm": the first is the nearest one before the second.
        last = find.last.minutes == 0 ? day_end : find.last.minutes;
        first = find.first.minutes + noon < last ? find.first.minutes + noon : find.first.minutes;
      }
      if (last <= first) last = day_end;
      return {first, last, find.first.ambiguous && find.last.ambiguous && guessed(find.first)};
    }
    case Kind::from_on:
      return within_part({read(find.first), day_end, guessed(find.first)});
    case Kind::until: {
      int last = read(find.last);
      return within_part({0, last == 0 ? day_end : last, guessed(find.last)});
    }
    case Kind::part:
      return {find.part_from, find.part_to, false};
    case Kind::point:
    case Kind::offset:
      break;
  }
  int minutes = read(find.first);
  return {minutes, minutes, guessed(find.first)};
}

bool wants_soonest(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words.is(i, {"asap", "soonest", "earliest", "immediately"})) return true;
    if (words.are(i, {"soon", "as", "possible"}) || words.are(i, {"soon", "as", "you", "can"}) ||
        words.are(i, {"as", "soon", "as"}) || words.are(i, {"sooner", "the", "better"}) ||
        words.are(i, {"right", "away"}) || words.are(i, {"as", "early", "as", "possible"}))
      return true;
    if (words.is(i, {"next", "first", "soonest"}) &&
        (words.is(i + 1, {"available", "opening", "free", "open", "availability", "possible"}) ||
         words.are(i + 1, {"one", "you", "have"}) || words.are(i + 1, {"thing", "you", "have"}) ||
         words.are(i + 1, {"slot", "you", "have"}) || words.are(i + 1, {"time", "you", "have"}) ||
         words.are(i + 1, {"appointment", "you", "have"})))
      return true;
  }
  return false;
}

}  // namespace parley::calendar
