#include <cstdlib>

#include "parley/simulators/fault_plan.hpp"

using namespace parley::simulators;

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  for (auto place : {FaultPlan::Place::service, FaultPlan::Place::gate}) {
    auto plan = FaultPlan::parse(text, place);
    auto twin = FaultPlan::parse(text, place);
    require(plan.has_value() == twin.has_value());
    if (!plan) {
      require(plan.error().code == parley::Errc::invalid && !plan.error().detail.empty());
      continue;
    }
    for (int i = 0; i < 20; ++i) {
      auto since = std::chrono::milliseconds(700 * i);
      auto fault = plan->next("POST /calls", since);
      auto same = twin->next("POST /calls", since);
      require(fault.effect == same.effect && fault.delay == same.delay && fault.seed == same.seed);
      require(fault.delay >= parley::Duration{});
      if (fault.effect == Fault::Effect::status)
        require(fault.status >= 200 && fault.status <= 599 && place == FaultPlan::Place::service);
      if (fault.effect == Fault::Effect::refuse) require(place == FaultPlan::Place::gate);
      if (fault.effect == Fault::Effect::slow) require(fault.bytes > 0);
      require(fault.retry_after.value_or(std::chrono::seconds(0)).count() >= 0);
    }
  }
  return 0;
}
