#include "single_days.hpp"

#include <algorithm>

#include "words.hpp"

namespace parley::calendar {

using std::chrono::days;
using std::chrono::months;
using std::chrono::weekday;
using std::chrono::weeks;
using Kind = DayFind::Kind;

namespace {

Day first_of_month(Date date) { return Day{date.year() / date.month() / 1}; }

}  // namespace

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
DayFind SingleDays::find(Kind kind, std::size_t from, std::size_t to, Day first, Day last) const {
  return {.kind = kind, .from = from, .to = to, .first = first, .last = last};
}
DayFind SingleDays::exact(std::size_t from, std::size_t to, Day day) const {
  auto found = find(Kind::exact, from, to, day, day);
  if (day < today_) found.problem = DateProblem::in_the_past;
  return found;
}
DayFind SingleDays::missing(std::size_t from, std::size_t to) const {
  DayFind found{.from = from, .to = to};
  found.problem = DateProblem::no_such_day;
  return found;
}
// "today", "tomorrow", "tonight", "this afternoon"
Found SingleDays::named(std::size_t i) const {
  if (words_.is(i, {"today", "tonight"})) return exact(i, i + 1, today_);
  if (words_.is(i, "tomorrow")) return exact(i, i + 1, today_ + days{1});
  if (words_.is(i, "yesterday")) return exact(i, i + 1, today_ - days{1});
  if (words_.are(i, {"last", "night"})) return exact(i, i + 2, today_ - days{1});
  if (words_.is(i, "this") && words_.is(i + 1, {"morning", "afternoon", "evening"}))
    return exact(i, i + 1, today_);
  return std::nullopt;
}

// "2026-03-14", "3/14"
Found SingleDays::written(std::size_t i) const {
  const auto& token = words_[i];
  if (token.kind != Token::Kind::date) return std::nullopt;
  return dated(i, i + 1, token.month, token.day,
               token.year ? std::optional(token.year) : std::nullopt);
}
Found SingleDays::one_day(std::size_t i) const {
  if (words_.is(i, "now")) return exact(i, i + 1, today_);
  for (auto rule : {&SingleDays::named, &SingleDays::written, &SingleDays::weekdays,
                    &SingleDays::month_first, &SingleDays::day_first, &SingleDays::the_ordinal}) {
    auto found = (this->*rule)(i);
    if (!found || found->problem == DateProblem::no_such_day) continue;
    if (found->kind == Kind::weekday) found->first = next_weekday(found->weekday, today_);
    if (found->kind == Kind::day_of_month)
      found->first = next_day_of_month(found->day_of_month, today_);
    return found;
  }
  return std::nullopt;
}
std::pair<std::size_t, SingleDays::Part> SingleDays::part_of_span(std::size_t i) const {
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

// "next month", "in march", "end of the month"
Found SingleDays::month_phrase(std::size_t i) const {
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

DayFind SingleDays::month_span(std::size_t from, std::size_t to, Date month, Part part) const {
  Day first = first_of_month(month);
  Day last = month_end(month);
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
Found SingleDays::weekdays(std::size_t i) const {
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

/// A date right after a weekday: the number wins where the two disagree, except that a day of
/// the month alone is first looked for among the next three that fall on that weekday.
Found SingleDays::dated_weekday(std::size_t from, std::size_t at, weekday day) const {
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
bool SingleDays::is_time_after(std::size_t number) const {
  return words_.is(number + 1, {"am", "pm", "oclock"});
}

std::pair<std::optional<int>, std::size_t> SingleDays::year_at(std::size_t i) const {
  if (words_.is(i, {"of", "in"}) && words_.number(i + 1, 1900, 2199)) ++i;
  if (words_[i].digits == 4 && words_.number(i, 1900, 2199)) return {words_[i].value, i + 1};
  if (words_[i].digits == 0 && words_.number(i, 20, 20) && words_[i + 1].digits == 0 &&
      words_.number(i + 1, 20, 99) && words_[i + 1].value % 10 != 0)
    return {2000 + words_[i + 1].value, i + 2};
  if (words_[i].digits == 0 && words_.number(i, 19, 19) && words_[i + 1].digits == 0 &&
      words_.number(i + 1, 10, 99))
    return {1900 + words_[i + 1].value, i + 2};
  if (words_.number(i, 2, 2) && words_.is(i + 1, "thousand")) {
    std::size_t at = words_.is(i + 2, "and") ? i + 3 : i + 2;
    if (words_.number(at, 1, 99)) return {2000 + words_[at].value, at + 1};
  }
  return {std::nullopt, i};
}

// "march third", "march the 3rd", "march 3 2026"
Found SingleDays::month_first(std::size_t i) const {
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
Found SingleDays::day_first(std::size_t i) const {
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
Found SingleDays::the_ordinal(std::size_t i) const {
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
DayFind SingleDays::dated(std::size_t from, std::size_t to, int month, int day,
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
  if (date.ok() && today_ - Day{date} <= days{unambiguous_days}) return exact(from, to, Day{date});
  Date next = in_year(this_year + std::chrono::years{1});
  return next.ok() ? exact(from, to, Day{next}) : missing(from, to);
}

}  // namespace parley::calendar
