#include <re2/re2.h>

#include "parley/evals/scenario.hpp"

namespace parley::evals {

namespace {

RE2::Options options() {
  RE2::Options chosen;
  chosen.set_case_sensitive(false);
  chosen.set_log_errors(false);
  chosen.set_dot_nl(false);
  chosen.set_max_mem(1 << 20);
  return chosen;
}

}  // namespace

bool has_pattern(const std::string& text, const std::string& pattern) {
  RE2 expression(pattern, options());
  return expression.ok() && RE2::PartialMatch(text, expression);
}

Result<void> check_pattern(const std::string& pattern) {
  RE2 expression(pattern, options());
  if (expression.ok()) return {};
  return fail(Errc::invalid, "'" + pattern + "' is no regular expression: " + expression.error());
}

}  // namespace parley::evals
