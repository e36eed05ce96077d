#include <cstdlib>

#include "parley/calendar/natural_date.hpp"

using namespace parley::calendar;

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  static const LocalTime now = parse_local("2026-03-02T10:00").value();
  auto found = parse_natural_date(text, now);
  const auto& when = found.when;
  require(when.first_day.has_value() == when.last_day.has_value());
  require(when.earliest.has_value() == when.latest.has_value());
  if (when.first_day) require(when.first_day->ok() && when.last_day->ok());
  if (when.first_day) require(*when.first_day <= *when.last_day);
  if (when.earliest) {
    require(*when.earliest >= std::chrono::minutes{0} && *when.latest <= std::chrono::hours{24});
    require(*when.earliest <= *when.latest);
  }
  if (found.problem == DateProblem::no_such_day) require(!when.first_day && !found.words.empty());
  (void)parse_local(text);
  (void)parse_date(text);
  return 0;
}
