#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "parley/evals/judge.hpp"

namespace parley::app {

/// One call of a scenario.
struct Attempt {
  evals::Observed call;
  std::vector<evals::Verdict> verdicts;
  std::string error;  ///< why there was no call to judge
  bool unreachable = false;
  bool passed() const { return error.empty() && evals::all_passed(verdicts); }
};

/// A scenario and all of its calls.
struct Score {
  std::string file;
  evals::Scenario scenario;
  std::vector<Attempt> attempts;
  std::int64_t passes() const { return std::ranges::count_if(attempts, &Attempt::passed); }
  bool passed() const { return passes() >= scenario.pass_at_least; }
};

/// For people: a line a scenario, and for each call that failed what was wrong and the transcript.
std::string scorecard_text(const std::vector<Score>& scores);
json::object scorecard_json(const std::vector<Score>& scores);
/// As JUnit has it: a test case a scenario.
std::string scorecard_junit(const std::vector<Score>& scores);

}  // namespace parley::app
