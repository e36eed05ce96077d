#include "day_rules.hpp"

#include <algorithm>

#include "single_days.hpp"

namespace parley::calendar {

namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::weekday;
using std::chrono::weeks;
using Kind = DayFind::Kind;

/// All rules for days: the single ones and those that count from or span them.
class Rules : private SingleDays {
 public:
  using SingleDays::SingleDays;

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
  // "day after tomorrow", "the day before yesterday", "the day after friday"
  Found beside(std::size_t i) const {
    std::size_t at = words_.is(i, "the") ? i + 1 : i;
    if (!words_.is(at, "day") || !words_.is(at + 1, {"after", "before"})) return std::nullopt;
    auto anchor = one_day(at + 2);
    if (!anchor) return std::nullopt;
    return exact(i, anchor->to, anchor->first + days{words_.is(at + 1, "after") ? 1 : -1});
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
    if (words_.is(unit, {"fortnight", "fortnights"})) return from + weeks{2 * count};
    if (words_.is(unit, {"month", "months"})) {
      auto later = Date{from} + months{count};
      return later.ok() ? Day{later} : month_end(later);
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
    if (day && day->kind != Kind::span) day->last = day->first;
    if (!day) day = week_phrase(i + 1);  // "before the weekend", "after next week"
    if (!day || day->problem != DateProblem::none || words_.is(i + 1, "now")) return std::nullopt;
    if (words_.is(i + 1, "tonight") || words_.is(i + 2, {"morning", "afternoon", "evening"}))
      return std::nullopt;
    if (words_.is(i, "after"))
      return find(Kind::span, i, day->to, day->last + days{1}, day->last + weeks{1});
    Day last = words_.is(i, "before") ? day->first - days{1} : day->last;
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
    if (words_.is(at, "weekend") && (at > i || (i > 0 && words_.is(i - 1, {"on", "at", "over"}))))
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
