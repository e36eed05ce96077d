#pragma once
#include <optional>
#include <string>

#include "day_rules.hpp"
#include "tokens.hpp"

namespace parley::calendar {

/// "not tuesday", "I can't do tuesday", "tuesday doesn't work".
bool is_negated(const Words& words, std::size_t from, std::size_t to);

/// Whether the words in [from, to) take back what was said before them: "no", "actually",
/// "make it".
bool takes_back(const Words& words, std::size_t from, std::size_t to);

/// Whether `at` follows the "to" of "move my appointment from monday to thursday".
bool is_new_place(const Words& words, std::size_t at);

/// Which of several expressions counts: the last one that corrects an earlier one, else the first.
template <class Find>
const Find* choose(const Words& words, const std::vector<Find>& finds) {
  const Find* chosen = nullptr;
  std::size_t last_end = 0;
  for (const auto& find : finds) {
    if (is_negated(words, find.from, find.to)) {
      last_end = find.to;
      continue;
    }
    if (!chosen || takes_back(words, last_end, find.from) || is_new_place(words, find.from) ||
        words.is(find.to, "instead"))
      chosen = &find;
    last_end = find.to;
  }
  return chosen;
}

/// Joins what belongs together ("tuesday" + "next week", "monday" to "wednesday") and picks the day
/// that is meant; nothing when none was said.
std::optional<DayFind> choose_day(const Words& words, std::vector<DayFind> finds, Day today);

}  // namespace parley::calendar
