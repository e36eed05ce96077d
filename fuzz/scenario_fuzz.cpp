#include <cstdlib>

#include "parley/evals/judge.hpp"

using namespace parley;
using namespace parley::evals;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

/// A scenario that is read can be written, read again, and judged; one that is not says why.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto read = read_scenarios({reinterpret_cast<const char*>(data), size}, "f");
  if (!read) {
    require(read.error().code == Errc::invalid && !read.error().detail.empty());
    return 0;
  }
  Observed call;
  call.turns = {{.who = "agent", .text = "How can I help you?"},
                {.who = "caller", .text = "hello"}};
  call.local_date = "2026-11-27";
  call.tools = {{.name = "t", .arguments = {{"a", 1}}, .error = {}, .at = {}}};
  call.appointments = {{"appt_1", "Cleaning", "2026-11-28T14:00", "Anna", "+12125550142"}};
  for (const auto& scenario : *read) {
    require(!scenario.name.empty() && !scenario.expect.empty());
    require(scenario.pass_at_least <= scenario.repeat);
    require(judge(scenario, call).size() == scenario.expect.size());
    auto written = to_yaml(scenario);
    auto again = read_scenarios(written, "again");
    require(again.has_value() && again->size() == 1);
    require(to_yaml(again->front()) == written);
  }
  return 0;
}
