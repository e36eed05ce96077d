#include "day_rules.hpp"

#include <algorithm>

#include "words.hpp"

namespace parley::calendar {

namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::weekday;
using std::chrono::weeks;
using Kind = DayFind::Kind;
using Found = std::optional<DayFind>;

Day first_of_month(Date date) { return Day{date.year() / date.month() / 1}; }
Day last_of_month(Date date) { return Day{date.year() / date.month() / std::chrono::last}; }

/// "this may be", "a sun hat": words that are also something else need more around them.
struct NameOf {
  unsigned value;
  bool sure;
};

std::optional<NameOf> month_name(std::string_view word) {
  for (unsigned i = 0; i < month_names.size(); ++i) {
    if (word == month_names[i]) return NameOf{i + 1, true};
    if (month_names[i].size() > 3 &&
        (word == month_names[i].substr(0, 3) || (i == 8 && word == "sept")))
      return NameOf{i + 1, false};
  }
  return std::nullopt;
}

std::optional<NameOf> weekday_name(std::string_view word) {
  for (unsigned i = 0; i < weekday_names.size(); ++i) {
    auto name = weekday_names[i];
    if (word == name || (word.starts_with(name) && word.substr(name.size()) == "s"))
      return NameOf{i, true};
    if (word == name.substr(0, 3)) return NameOf{i, i != 0 && i != 6};  // "sun", "sat"
  }
  if (word == "tues") return NameOf{2, true};
  if (word == "thur" || word == "thurs") return NameOf{4, true};
  return std::nullopt;
}

class Rules {
 public:
  Rules(const Words& words, Day today) : words_(words), today_(today) {}

  Found at(std::size_t i) const {
    using Rule = Found (Rules::*)(std::size_t) const;
    static constexpr Rule rules[] = {
        &Rules::bound,    &Rules::counted,     &Rules::beside,      &Rules::named,
        &Rules::written,  &Rules::nth_weekday, &Rules::week_phrase, &Rules::month_phrase,
        &Rules::weekdays, &Rules::month_first, &Rules::day_first,   &Rules::the_ordinal};
    for (auto rule : rules)
      if (auto found = (this->*rule)(i)) return found;
    return std::nullopt;
  }

 private:
  DayFind find(Kind kind, std::size_t from, std::size_t to, Day first, Day last) const {
    return {.kind = kind, .from = from, .to = to, .first = first, .last = last};
  }
  DayFind exact(std::size_t from, std::size_t to, Day day) const {
    auto found = find(Kind::exact, from, to, day, day);
    if (day < today_) found.problem = DateProblem::in_the_past;
    return found;
  }
  DayFind missing(std::size_t from, std::size_t to) const {
    DayFind found{.from = from, .to = to};
    found.problem = DateProblem::no_such_day;
    return found;
  }

  // "today", "tomorrow", "tonight", "this afternoon"
  Found named(std::size_t i) const {
    if (words_.is(i, {"today", "tonight"})) return exact(i, i + 1, today_);
    if (words_.is(i, "tomorrow")) return exact(i, i + 1, today_ + days{1});
    if (words_.is(i, "yesterday")) return exact(i, i + 1, today_ - days{1});
    if (words_.are(i, {"last", "night"})) return exact(i, i + 2, today_ - days{1});
    if (words_.is(i, "this") && words_.is(i + 1, {"morning", "afternoon", "evening"}))
      return exact(i, i + 1, today_);
    return std::nullopt;
  }

  // "2026-03-14", "3/14"
  Found written(std::size_t i) const {
    const auto& token = words_[i];
    if (token.kind != Token::Kind::date) return std::nullopt;
    return dated(i, i + 1, token.month, token.day,
                 token.year ? std::optional(token.year) : std::nullopt);
  }

  // "day after tomorrow", "the day before yesterday", "the day after friday"
  Found beside(std::size_t i) const {
    std::size_t at = words_.is(i, "the") ? i + 1 : i;
    if (!words_.is(at, "day") || !words_.is(at + 1, {"after", "before"})) return std::nullopt;
    auto anchor = one_day(at + 2);
    if (!anchor) return std::nullopt;
    return exact(i, anchor->to, anchor->first + days{words_.is(at + 1, "after") ? 1 : -1});
  }

  /// A single day at i, with a bare weekday resolved.
  Found one_day(std::size_t i) const {
    if (words_.is(i, "now")) return exact(i, i + 1, today_);
    for (auto rule : {&Rules::named, &Rules::written, &Rules::weekdays, &Rules::month_first,
                      &Rules::day_first, &Rules::the_ordinal}) {
      auto found = (this->*rule)(i);
      if (!found || found->problem == DateProblem::no_such_day) continue;
      if (found->kind == Kind::weekday) found->first = next_weekday(found->weekday, today_);
      if (found->kind == Kind::day_of_month)
        found->first = next_day_of_month(found->day_of_month, today_);
      return found;
    }
    return std::nullopt;
  }

  /// "two", "a", "a couple of", "a few": how many, and where the unit stands.
  std::optional<std::pair<int, std::size_t>> count(std::size_t i) const {
    if (words_.number(i, 1, 365)) return std::pair{words_[i].value, i + 1};
    if (words_.is(i, {"a", "an"}) && words_.is(i + 1, {"couple", "few"})) ++i;
    if (words_.is(i, {"couple", "few"})) {
      int value = words_.is(i, "couple") ? 2 : 3;
      return std::pair{value, words_.is(i + 1, "of") ? i + 2 : i + 1};
    }
    if (words_.is(i, {"a", "an"})) return std::pair{1, i + 1};
    return std::nullopt;
  }
  std::optional<Day> shifted(Day from, int count, std::size_t unit) const {
    if (words_.is(unit, {"day", "days"})) return from + days{count};
    if (words_.is(unit, {"week", "weeks"})) return from + weeks{count};
    if (words_.is(unit, {"month", "months"})) {
      auto later = Date{from} + months{count};
      return later.ok() ? Day{later} : last_of_month(later);
    }
    return std::nullopt;
  }

  // "in two weeks", "a week from friday", "three days ago", "the next few days", "a week today"
  Found counted(std::size_t i) const {
    if (words_.is(i, {"in", "within"}) || words_.are(i, {"the", "next"}) || words_.is(i, "next") ||
        words_.are(i, {"over", "the"})) {
      std::size_t at = i + 1;
      while (words_.is(at, {"the", "next", "about", "coming"})) ++at;
      auto number = count(at);
      if (!number) return std::nullopt;
      auto day = shifted(today_, number->first, number->second);
      if (!day) return std::nullopt;
      std::size_t end = number->second + 1;
      if (words_.is(end, {"time", "from"}) && words_.is(end, "time")) ++end;
      if (words_.is(i, "in") && at == i + 1) return exact(i, end, *day);
      if (words_.are(at - 1, {"about"})) return exact(i, end, *day);
      return find(Kind::span, i, end, today_, *day);
    }
    auto number = count(i);
    std::size_t unit = number ? number->second : i;
    int how_many = number ? number->first : 1;
    auto day = shifted(today_, how_many, unit);
    if (!day) return std::nullopt;
    if (words_.is(unit + 1, "ago")) return exact(i, unit + 2, today_ - (*day - today_));
    std::size_t anchor_at = words_.is(unit + 1, {"from", "after", "on"}) ? unit + 2 : unit + 1;
    bool bare_anchor = anchor_at == unit + 1;  // "a week tuesday", "a week today"
    if (bare_anchor && !words_.is(unit, {"week", "weeks"})) return std::nullopt;
    if (!number && bare_anchor) return std::nullopt;
    if (words_.is(anchor_at, "this")) ++anchor_at;
    auto anchor = one_day(anchor_at);
    if (!anchor) return std::nullopt;
    return exact(i, anchor->to, *shifted(anchor->first, how_many, unit));
  }

  // "before friday", "by the fifth", "after march third"
  Found bound(std::size_t i) const {
    if (!words_.is(i, {"before", "by", "until", "after"})) return std::nullopt;
    if (i > 0 && words_.is(i - 1, "day")) return std::nullopt;
    auto day = one_day(i + 1);
    if (!day || day->problem != DateProblem::none || words_.is(i + 1, "now")) return std::nullopt;
    if (words_.is(i + 1, {"this", "tonight"})) return std::nullopt;
    if (words_.is(i, "after"))
      return find(Kind::span, i, day->to, day->first + days{1}, day->first + weeks{1});
    Day last = words_.is(i, "before") ? day->first - days{1} : day->first;
    if (last < today_) last = today_;
    return find(Kind::span, i, day->to, today_, last);
  }

  // "the first monday in april", "last friday of the month"
  Found nth_weekday(std::size_t i) const {
    std::size_t at = words_.is(i, "the") ? i + 1 : i;
    bool last = words_.is(at, "last");
    if (!last && !(words_.ordinal(at) && words_[at].value >= 1 && words_[at].value <= 5))
      return std::nullopt;
    auto name = weekday_name(words_[at + 1].text);
    if (!name || !words_.is(at + 2, {"of", "in"})) return std::nullopt;
    auto month = month_phrase(at + 2);
    if (!month) return std::nullopt;
    Date start{month->first};
    weekday wanted{name->value};
    if (last) {
      Day day{start.year() / start.month() / wanted[std::chrono::last]};
      return exact(i, month->to, day);
    }
    auto day = start.year() / start.month() / wanted[static_cast<unsigned>(words_[at].value)];
    if (!day.ok()) return missing(i, month->to);
    return exact(i, month->to, Day{day});
  }

  // "next week", "the week after next", "this weekend", "early next week", "the week of march 9th"
  Found week_phrase(std::size_t i) const {
    auto [at, part] = part_of_span(i);
    if (words_.is(at, "the")) ++at;
    Day monday = monday_of(today_);
    if (words_.are(at, {"week", "after", "next"})) return week(i, at + 3, monday + weeks{2}, part);
    if (words_.are(at, {"week", "of"})) {
      auto day = one_day(at + 2);
      if (day) return week(i, day->to, monday_of(day->first), part);
    }
    if (words_.is(at, "weekend") && (at > i || words_.is(i - 1, {"on", "at", "over"})))
      return weekend(i, at + 1, monday);
    if (words_.are(at, {"last", "week"})) return exact(i, at + 2, monday - weeks{1});
    if (words_.are(at, {"last", "weekend"})) return exact(i, at + 2, monday - days{2});
    bool next = words_.is(at, {"next", "following"});
    bool current = words_.is(at, {"this", "coming"});
    if (current && words_.is(at + 1, "coming")) {
      ++at;
      next = words_.is(at + 1, "week");
      current = !next;
    }
    if (!next && !current) {
      if (at > i && part != Part::whole && words_.is(at, "week"))
        return week(i, at + 1, monday, part);
      return std::nullopt;
    }
    if (words_.is(at + 1, "week")) return week(i, at + 2, monday + weeks{next ? 1 : 0}, part);
    if (words_.is(at + 1, "weekend")) return weekend(i, at + 2, monday + weeks{next ? 1 : 0});
    return std::nullopt;
  }

  enum class Part { whole, early, middle, late };
  /// "early", "the beginning of", "later", "the end of" before a week or month.
  std::pair<std::size_t, Part> part_of_span(std::size_t i) const {
    if (words_.is(i, "sometime")) return {i + 1, Part::whole};
    if (words_.is(i, "early")) return {i + 1, Part::early};
    if (words_.is(i, {"late", "later"})) return {i + 1, Part::late};
    if (words_.is(i, {"mid", "midway"})) return {i + 1, Part::middle};
    std::size_t at = words_.is(i, "the") ? i + 1 : i;
    if (words_.is(at + 1, {"of", "part"})) {
      std::size_t end = at + (words_.are(at + 1, {"part", "of"}) ? 3 : 2);
      if (words_.is(at, {"beginning", "start", "early"})) return {end, Part::early};
      if (words_.is(at, "middle")) return {end, Part::middle};
      if (words_.is(at, {"end", "later", "latter"})) return {end, Part::late};
      if (words_.is(at, {"rest", "remainder"})) return {end, Part::whole};
    }
    return {i, Part::whole};
  }

  DayFind week(std::size_t from, std::size_t to, Day monday, Part part) const {
    Day first = monday;
    Day last = monday + days{6};
    if (part == Part::early) last = monday + days{1};
    if (part == Part::middle) first = monday + days{1}, last = monday + days{3};
    if (part == Part::late) first = monday + days{3}, last = monday + days{4};
    auto found = find(Kind::week, from, to, std::max(first, std::min(today_, last)), last);
    if (last < today_) found.problem = DateProblem::in_the_past;
    return found;
  }
  DayFind weekend(std::size_t from, std::size_t to, Day monday) const {
    return find(Kind::span, from, to, std::max(monday + days{5}, today_), monday + days{6});
  }

  // "next month", "in march", "end of the month"
  Found month_phrase(std::size_t i) const {
    auto [at, part] = part_of_span(i);
    bool lead = words_.is(at, {"in", "of", "for", "during", "through", "until"}) || at > i;
    if (words_.is(at, {"in", "of", "for", "during", "through", "until"})) ++at;
    if (words_.is(at, "the")) ++at;
    Date date{today_};
    Date month = date.year() / date.month() / 1;
    if (words_.are(at, {"month", "after", "next"}))
      return month_span(i, at + 3, month + months{2}, part);
    if (words_.is(at, "month") && (at > i + 1)) return month_span(i, at + 1, month, part);
    if (words_.are(at, {"last", "month"})) return month_span(i, at + 2, month - months{1}, part);
    bool next = words_.is(at, {"next", "following"});
    bool current = words_.is(at, {"this", "coming"});
    if (next || current) {
      if (words_.is(at + 1, "month"))
        return month_span(i, at + 2, month + months{next ? 1 : 0}, part);
      ++at;
    }
    auto name = month_name(words_[at].text);
    if (!name || !name->sure) return std::nullopt;
    if (!lead && !next && !(current && name->value != 5) && words_.size() > 1) return std::nullopt;
    if (words_.is(at + 1, "the") || words_.ordinal(at + 1) || words_.number(at + 1, 1, 31))
      return std::nullopt;  // "in march the fifth": a day
    int this_year = static_cast<int>(date.year());
    auto [year, end] = year_at(at + 1);
    std::chrono::year y{year.value_or(this_year)};
    if (!year && name->value < static_cast<unsigned>(date.month())) ++y;
    return month_span(i, end, y / std::chrono::month{name->value} / 1, part);
  }

  DayFind month_span(std::size_t from, std::size_t to, Date month, Part part) const {
    Day first = first_of_month(month);
    Day last = last_of_month(month);
    if (part == Part::early) last = first + days{9};
    if (part == Part::middle) first += days{10}, last = first + days{9};
    if (part == Part::late) first = last - days{9};
    auto found = find(Kind::month, from, to, first, last);
    if (last < today_)
      found.problem = DateProblem::in_the_past;
    else
      found.first = std::max(first, today_);
    return found;
  }

  // "friday", "next friday", "monday the ninth", "tuesday march third"
  Found weekdays(std::size_t i) const {
    std::size_t at = i;
    enum class Which { bare, current, next, last } which = Which::bare;
    if (words_.is(at, "the") && words_.is(at + 1, {"following", "coming", "next"})) ++at;
    if (words_.is(at, {"this", "coming"}))
      which = Which::current, ++at;
    else if (words_.is(at, {"next", "following"}))
      which = Which::next, ++at;
    else if (words_.is(at, {"last", "past"}))
      which = Which::last, ++at;
    if (which == Which::current && words_.is(at, {"coming", "past"}))
      which = words_.is(at, "past") ? Which::last : which, ++at;
    auto name = weekday_name(words_[at].text);
    if (!name) return std::nullopt;
    bool sure = name->sure || which != Which::bare || (i > 0 && words_.is(i - 1, "on")) ||
                words_.ordinal(at + 1) || month_name(words_[at + 1].text);
    if (!sure) return std::nullopt;
    weekday day{name->value};
    std::size_t end = at + 1;
    if (which == Which::bare || which == Which::current) {
      if (auto dated = dated_weekday(i, end, day)) return dated;
      if (words_.are(end, {"after", "next"}))
        return exact(i, end + 2, in_week(monday_of(today_) + weeks{2}, day));
    }
    Day coming = weekday{today_} == day ? today_ : next_weekday(day, today_);
    if (which == Which::current) return exact(i, end, coming);
    if (which == Which::next) return exact(i, end, in_week(monday_of(today_) + weeks{1}, day));
    if (which == Which::last) return exact(i, end, next_weekday(day, today_ - weeks{1} - days{1}));
    DayFind found{.kind = Kind::weekday, .from = i, .to = end};
    found.weekday = day;
    return found;
  }

  static Day in_week(Day monday, weekday day) { return monday + (day - weekday{monday}); }

  /// A date right after a weekday: the number wins where the two disagree, except that a day of
  /// the month alone is first looked for among the next three that fall on that weekday.
  Found dated_weekday(std::size_t from, std::size_t at, weekday day) const {
    while (words_.is(at, {"the", "on", "which", "is"}) && !words_.ordinal(at + 1) &&
           !words_.number(at + 1, 1, 31))
      ++at;
    Found found = month_first(at);
    if (!found) found = day_first(at);
    if (found) {
      found->from = from;
      return found;
    }
    if (words_.is(at, "the"))
      ++at;
    else if (!words_.ordinal(at))
      return std::nullopt;
    if (!(words_.ordinal(at) || words_.number(at, 1, 31)) || is_time_after(at)) return std::nullopt;
    auto number = static_cast<unsigned>(words_[at].value);
    if (number < 1 || number > 31) return missing(from, at + 1);
    DayFind result{.kind = Kind::day_of_month, .from = from, .to = at + 1};
    result.day_of_month = number;
    result.first = result.last = Day{};
    result.weekday = day;
    Date date{today_};
    for (int ahead = 0; ahead < 4; ++ahead) {
      Date candidate = (date.year() / date.month() / 1) + months{ahead};
      candidate = candidate.year() / candidate.month() / std::chrono::day{number};
      if (candidate.ok() && Day{candidate} >= today_ && weekday{Day{candidate}} == day)
        return exact(from, at + 1, Day{candidate});
    }
    return result;
  }

  /// "march 3 pm", "march 3:30": the number belongs to a time.
  bool is_time_after(std::size_t number) const {
    return words_.is(number + 1, {"am", "pm", "oclock"});
  }

  std::pair<std::optional<int>, std::size_t> year_at(std::size_t i) const {
    if (words_.is(i, {"of", "in"}) && words_.number(i + 1, 1900, 2199)) ++i;
    if (words_[i].digits == 4 && words_.number(i, 1900, 2199)) return {words_[i].value, i + 1};
    if (words_[i].digits == 0 && words_.number(i, 20, 20) && words_[i + 1].digits == 0 &&
        words_.number(i + 1, 20, 99) && words_[i + 1].value % 10 != 0)
      return {2000 + words_[i + 1].value, i + 2};
    if (words_.number(i, 2, 2) && words_.is(i + 1, "thousand")) {
      std::size_t at = words_.is(i + 2, "and") ? i + 3 : i + 2;
      if (words_.number(at, 1, 99)) return {2000 + words_[at].value, at + 1};
    }
    return {std::nullopt, i};
  }

  // "march third", "march the 3rd", "march 3 2026"
  Found month_first(std::size_t i) const {
    auto name = month_name(words_[i].text);
    if (!name || words_[i].kind != Token::Kind::word) return std::nullopt;
    std::size_t at = words_.is(i + 1, "the") ? i + 2 : i + 1;
    const auto& token = words_[at];
    bool number = token.kind == Token::Kind::number && token.digits <= 2;
    if (!number && token.kind != Token::Kind::ordinal) return std::nullopt;
    if (number && is_time_after(at)) return std::nullopt;
    if (number && name->value == 5 && at == i + 1 && token.digits == 0 && i > 0 &&
        words_.is(i - 1, {"i", "we", "you", "it", "that", "this", "they"}))
      return std::nullopt;  // "you may two"
    auto [year, end] = year_at(at + 1);
    return dated(i, end, static_cast<int>(name->value), token.value, year);
  }

  // "the third of march", "3rd march", "5 march 2026"
  Found day_first(std::size_t i) const {
    std::size_t at = words_.is(i, "the") ? i + 1 : i;
    const auto& token = words_[at];
    bool number = token.kind == Token::Kind::number && token.digits <= 2;
    if (!number && token.kind != Token::Kind::ordinal) return std::nullopt;
    if (token.breaks || (number && i > 0 && words_.is(i - 1, "at"))) return std::nullopt;
    bool linked = words_.is(at + 1, "of") || (!number && words_.is(at + 1, "in"));
    std::size_t month_at = linked ? at + 2 : at + 1;
    auto name = month_name(words_[month_at].text);
    if (!name) return std::nullopt;
    if (month_at == at + 1 && (!name->sure || name->value == 5) && token.digits == 0)
      return std::nullopt;  // "two may", "one mar"
    if (words_.ordinal(month_at + 1) && month_at == at + 1)
      return std::nullopt;  // "at two march third": the number is a time
    auto [year, end] = year_at(month_at + 1);
    return dated(i, end, static_cast<int>(name->value), token.value, year);
  }

  // "the fifth", "on the 21st", "the fifth of next month"
  Found the_ordinal(std::size_t i) const {
    if (!words_.is(i, "the") || !words_.ordinal(i + 1)) return std::nullopt;
    auto number = static_cast<unsigned>(words_[i + 1].value);
    std::size_t end = i + 2;
    bool of_month = words_.is(end, "of") && month_phrase(end);
    static constexpr std::initializer_list<std::string_view> leads{
        "on", "for", "about", "by", "until", "before", "after", "from",
        "is", "be",  "it",    "to", "day",   "days",   "and",   "or"};
    static constexpr std::initializer_list<std::string_view> follows{
        "at",    "in",      "around",  "of",     "if",      "or",      "and",       "works",
        "would", "is",      "please",  "then",   "instead", "morning", "afternoon", "evening",
        "to",    "through", "until",   "before", "after",   "between", "from",      "this",
        "next",  "for",     "because", "but",    "maybe",   "sounds",  "thanks"};
    bool ends = end >= words_.size() || words_[end - 1].breaks;
    bool lead = i > 0 && words_.is(i - 1, leads);
    if (!ends && !words_.is(end, follows) && !of_month &&
        (words_.is(end, "one") || !words_.number(end, 0, 2359)) &&
        words_[end].kind != Token::Kind::clock)
      return std::nullopt;  // "the second one", "the fifth floor"
    if (number <= 3 && !lead && !of_month && ends) return std::nullopt;  // "the first": of three
    if (number < 1 || number > 31) return lead ? Found(missing(i, end)) : std::nullopt;
    DayFind found{.kind = Kind::day_of_month, .from = i, .to = end};
    found.day_of_month = number;
    if (of_month) {
      auto month = *month_phrase(end);
      month.from = i;
      return day_in_month(month, number, today_);
    }
    return found;
  }

  /// A month and a day: of this year unless that is long past (see unambiguous_days).
  DayFind dated(std::size_t from, std::size_t to, int month, int day,
                std::optional<int> year) const {
    if (month < 1 || month > 12 || day < 1 || day > 31) return missing(from, to);
    auto in_year = [&](std::chrono::year y) {
      return Date{y, std::chrono::month{static_cast<unsigned>(month)},
                  std::chrono::day{static_cast<unsigned>(day)}};
    };
    if (year) {
      Date date = in_year(std::chrono::year{*year});
      return date.ok() ? exact(from, to, Day{date}) : missing(from, to);
    }
    auto this_year = Date{today_}.year();
    Date date = in_year(this_year);
    if (date.ok() && today_ - Day{date} <= days{unambiguous_days})
      return exact(from, to, Day{date});
    Date next = in_year(this_year + std::chrono::years{1});
    return next.ok() ? exact(from, to, Day{next}) : missing(from, to);
  }

  const Words& words_;
  Day today_;
};

}  // namespace

Day monday_of(Day day) { return day - (weekday{day} - std::chrono::Monday); }

Day next_weekday(weekday wanted, Day today) {
  auto ahead = wanted - weekday{today};
  return today + (ahead == days{0} ? days{7} : ahead);
}

Day next_day_of_month(unsigned day, Day today) {
  Date date{today};
  for (int ahead = 0; ahead < 3; ++ahead) {
    Date month = (date.year() / date.month() / 1) + months{ahead};
    Date candidate = month.year() / month.month() / std::chrono::day{day};
    if (candidate.ok() && Day{candidate} >= today) return Day{candidate};
  }
  return today;
}

DayFind day_in_month(DayFind month, unsigned day, Day today) {
  Date start{month.first};
  Date date = start.year() / start.month() / std::chrono::day{day};
  DayFind found = month;
  found.kind = Kind::exact;
  found.problem = DateProblem::none;
  if (!date.ok()) {
    found.problem = DateProblem::no_such_day;
    return found;
  }
  found.first = found.last = Day{date};
  if (found.first < today) found.problem = DateProblem::in_the_past;
  return found;
}

std::vector<DayFind> find_days(const Words& words, Day today) {
  Rules rules(words, today);
  std::vector<DayFind> found;
  for (std::size_t i = 0; i < words.size();) {
    auto day = rules.at(i);
    if (day) {
      i = std::max(day->to, i + 1);
      found.push_back(*day);
    } else {
      ++i;
    }
  }
  return found;
}

}  // namespace parley::calendar
