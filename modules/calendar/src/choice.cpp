#include "choice.hpp"

#include <algorithm>

namespace parley::calendar {

namespace {

using std::chrono::days;
using std::chrono::weekday;
using Kind = DayFind::Kind;

/// The find with its day decided: a bare weekday is the next one, "the fifth" the next fifth.
DayFind decided(DayFind find, Day today) {
  if (find.problem != DateProblem::none) return find;
  if (find.kind == Kind::weekday) find.first = find.last = next_weekday(find.weekday, today);
  if (find.kind == Kind::day_of_month)
    find.first = find.last = next_day_of_month(find.day_of_month, today);
  if (find.kind == Kind::weekday || find.kind == Kind::day_of_month) find.kind = Kind::exact;
  return find;
}

DayFind spanning(const DayFind& a, const DayFind& b) {
  DayFind joined = a;
  joined.from = std::min(a.from, b.from);
  joined.to = std::max(a.to, b.to);
  return joined;
}

/// "tuesday" and "next week": the one inside the other.
std::optional<DayFind> inside(const DayFind& part, const DayFind& whole, Day today) {
  if (part.kind == Kind::weekday && whole.kind == Kind::week) {
    Day monday = monday_of(whole.first);
    DayFind joined = spanning(part, whole);
    joined.kind = Kind::exact;
    joined.first = joined.last = monday + (part.weekday - std::chrono::Monday);
    joined.problem = joined.first < today ? DateProblem::in_the_past : DateProblem::none;
    return joined;
  }
  if (part.kind == Kind::day_of_month && whole.kind == Kind::month)
    return day_in_month(spanning(whole, part), part.day_of_month, today);
  // "the ninth, a Monday": the number says more.
  if (part.kind == Kind::weekday &&
      (whole.kind == Kind::exact || whole.kind == Kind::day_of_month)) {
    DayFind joined = spanning(whole, part);
    joined.kind = whole.kind;
    return joined;
  }
  return std::nullopt;
}

bool only_glue_between(const Words& words, std::size_t from, std::size_t to) {
  if (to < from || to - from > 4) return false;
  for (std::size_t i = from; i < to; ++i)
    if (!words.is(i, {"on", "of", "in", "the", "a", "that", "is", "thats", "which", "maybe", "so",
                      "perhaps", "like", "sometime"}))
      return false;
  return true;
}

bool is_move(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words.is(i, {"move", "change", "reschedule", "switch", "push", "bring", "shift", "moved",
                     "changed", "rescheduled", "swap"}))
      return true;
  return false;
}

/// "monday to wednesday", "between the fifth and the ninth"
std::optional<DayFind> range(const Words& words, const DayFind& a, const DayFind& b, Day today) {
  if (b.from != a.to + 1 || is_move(words)) return std::nullopt;
  bool linked = words.is(a.to, {"to", "through", "until"}) ||
                (words.is(a.to, "and") && a.from > 0 && words.is(a.from - 1, "between"));
  if (!linked) return std::nullopt;
  DayFind first = decided(a, today);
  DayFind last = decided(b, today);
  if (first.problem != DateProblem::none || last.problem != DateProblem::none) return std::nullopt;
  if (b.kind == Kind::weekday && last.first < first.first)
    last.last = next_weekday(b.weekday, first.first);
  if (b.kind == Kind::day_of_month && last.first < first.first)
    last.last = next_day_of_month(b.day_of_month, first.first);
  if (last.last < first.first) return std::nullopt;
  DayFind joined = spanning(first, last);
  joined.kind = Kind::span;
  joined.first = first.first;
  joined.last = last.last;
  return joined;
}

}  // namespace

bool is_negated(const Words& words, std::size_t from, std::size_t to) {
  std::size_t at = from;
  for (int steps = 0; steps < 4 && at > 0; ++steps) {
    if (!words.is(at - 1, {"on", "for", "do", "make", "it", "come", "available", "in", "the",
                           "have", "be", "free", "there", "at", "of", "this", "next"}))
      break;
    --at;
  }
  if (at > 0 && words.is(at - 1, {"not", "cant", "cannot", "except", "wont", "couldnt", "than"}) &&
      !(at > 1 && words.is(at - 2, {"why", "later", "earlier"})) &&
      !(words.is(at - 1, "than") && !(at > 1 && words.is(at - 2, "rather"))))
    return true;
  if (at > 1 && words.is(at - 1, "but") && words.is(at - 2, {"day", "days", "time", "anything"}))
    return true;
  if (at > 1 && words.are(at - 2, {"instead", "of"})) return true;
  if (from > 1 && words.are(from - 2, {"instead", "of"})) return true;
  if (words.is(to, {"doesnt", "wont", "isnt", "cant"})) return true;
  return words.is(to, {"does", "will", "is"}) && words.is(to + 1, {"not", "no", "bad", "out"});
}

bool takes_back(const Words& words, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (words.is(i, {"no", "not", "nope", "actually", "rather", "instead", "sorry", "wait", "mean",
                     "but", "change", "better", "correction"}))
      return true;
    if (words.are(i, {"make", "it"})) return true;
  }
  return false;
}

bool is_new_place(const Words& words, std::size_t at) {
  return at > 0 && words.is(at - 1, "to") && is_move(words);
}

std::optional<DayFind> choose_day(const Words& words, std::vector<DayFind> finds, Day today) {
  std::vector<DayFind> joined;
  for (const auto& find : finds) {
    if (!joined.empty()) {
      auto& last = joined.back();
      std::optional<DayFind> both;
      if (only_glue_between(words, last.to, find.from)) {
        both = inside(last, find, today);
        if (!both) both = inside(find, last, today);
      }
      if (!both) both = range(words, last, find, today);
      if (both) {
        last = *both;
        continue;
      }
    }
    joined.push_back(find);
  }
  for (auto& find : joined) find = decided(find, today);
  // What is gone by, or never comes, was mentioned in passing when a possible day was said too.
  bool any_possible = std::ranges::any_of(joined, [&](const auto& f) {
    return f.problem == DateProblem::none && !is_negated(words, f.from, f.to);
  });
  if (any_possible)
    std::erase_if(joined, [](const auto& f) { return f.problem != DateProblem::none; });
  const auto* chosen = choose(words, joined);
  if (!chosen) return std::nullopt;
  return *chosen;
}

}  // namespace parley::calendar
