#pragma once
#include <gtest/gtest.h>

#include "parley/calendar/natural_date.hpp"

namespace parley::calendar::testing {

inline std::string clock(std::chrono::minutes time) {
  auto minutes = time.count();
  auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minutes / 60) + ":" + two(minutes % 60);
}

/// "2026-03-03 14:00?": what was understood in one line; "?" marks a guessed half of the day.
inline std::string summary(const NaturalDate& found) {
  std::string text;
  auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (found.problem == DateProblem::no_such_day) add("no such day:" + found.words);
  if (found.problem == DateProblem::in_the_past) add("past:" + found.words);
  const auto& when = found.when;
  if (when.has_day())
    add(when.exact_day() ? to_text(*when.first_day)
                         : to_text(*when.first_day) + ".." + to_text(*when.last_day));
  if (when.has_time()) {
    auto time = clock(*when.earliest) + (when.exact_time() ? "" : "-" + clock(*when.latest));
    add(time + (when.meridiem_guessed ? "?" : ""));
  }
  if (when.soonest) add("soonest");
  return text;
}

struct Case {
  const char* text;
  const char* expected;
};

/// Monday, 10:00, unless said otherwise.
inline void check(std::span<const Case> cases, std::string_view now = "2026-03-02T10:00") {
  for (const auto& c : cases)
    EXPECT_EQ(summary(parse_natural_date(c.text, parse_local(now).value())), c.expected) << c.text;
}

}  // namespace parley::calendar::testing
