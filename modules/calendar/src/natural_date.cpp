#include "parley/calendar/natural_date.hpp"

#include "choice.hpp"
#include "day_rules.hpp"
#include "time_rules.hpp"

namespace parley::calendar {

namespace {

using std::chrono::minutes;

struct Times {
  const TimeFind* clock = nullptr;  ///< the time that counts
  const TimeFind* part = nullptr;   ///< the part of the day that counts
};

Times choose_times(const Words& words, const std::vector<TimeFind>& finds,
                   std::vector<TimeFind>& clocks, std::vector<TimeFind>& parts) {
  for (const auto& find : finds)
    (find.kind == TimeFind::Kind::part ? parts : clocks).push_back(find);
  Times times{choose(words, clocks), choose(words, parts)};
  // "tomorrow afternoon, no, at ten": what was taken back says nothing about the rest.
  if (times.clock && times.part) {
    bool part_first = times.part->to <= times.clock->from;
    auto from = part_first ? times.part->to : times.clock->to;
    auto to = part_first ? times.clock->from : times.part->from;
    if (takes_back(words, from, to)) (part_first ? times.part : times.clock) = nullptr;
  }
  return times;
}

void set_time(When& when, const Times& times, LocalTime now) {
  if (times.clock && times.clock->kind == TimeFind::Kind::offset) {
    auto then = now + minutes{times.clock->minutes_from_now};
    auto day = std::chrono::floor<std::chrono::days>(then);
    if (!when.first_day) when.first_day = when.last_day = Date{day};
    when.earliest = when.latest = then - day;
    return;
  }
  const auto* find = times.clock ? times.clock : times.part;
  if (!find) return;
  auto meant = time_meant(*find, times.clock ? times.part : nullptr);
  when.earliest = minutes{meant.earliest};
  when.latest = minutes{meant.latest};
  when.meridiem_guessed = meant.guessed;
}

}  // namespace

NaturalDate parse_natural_date(std::string_view text, LocalTime now) {
  Words words(text);
  Day today = std::chrono::floor<std::chrono::days>(now);
  auto days = find_days(words, today);
  std::vector<bool> taken(words.size(), false);
  for (const auto& find : days)
    for (auto i = find.from; i < find.to && i < taken.size(); ++i)
      taken[i] = !words.is(i, "tonight");

  NaturalDate answer;
  auto day = choose_day(words, days, today);
  auto times = find_times(words, taken);
  std::vector<TimeFind> clocks;
  std::vector<TimeFind> parts;
  Times chosen = choose_times(words, times, clocks, parts);
  if (day) {
    answer.problem = day->problem;
    if (day->problem != DateProblem::no_such_day) {
      answer.when.first_day = Date{day->first};
      answer.when.last_day = Date{day->last};
    }
    answer.words = words.text(day->from, day->to);
  }
  set_time(answer.when, chosen, now);
  answer.when.soonest = wants_soonest(words);
  if (answer.problem == DateProblem::none)
    for (const auto* find : {chosen.clock, chosen.part})
      if (find)
        answer.words += (answer.words.empty() ? "" : " ") + words.text(find->from, find->to);
  return answer;
}

}  // namespace parley::calendar
