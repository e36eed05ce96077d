#include "parley/simulators/fault_plan.hpp"

#include <algorithm>
#include <cmath>

#include "fault_rule.hpp"

namespace parley::simulators {

namespace {

/// A rate lets through what a second may have, then as much as time brings.
bool takes_token(double& tokens, Duration& filled, double per_second, Duration since) {
  auto passed = std::chrono::duration<double>(since - filled).count();
  auto most = std::max(1.0, per_second);
  tokens = std::min(most, tokens + passed * per_second);
  filled = since;
  if (tokens < 1) return false;
  tokens -= 1;
  return true;
}

}  // namespace

std::string_view to_string(Fault::Effect effect) noexcept {
  constexpr std::string_view words[]{"none",    "refuse", "reset",  "close", "hang",   "half",
                                     "garbage", "slow",   "status", "torn",  "endless"};
  return words[static_cast<std::size_t>(effect)];
}

FaultPlan::FaultPlan() : state_(std::make_unique<State>(1)) {}
FaultPlan::FaultPlan(FaultPlan&&) noexcept = default;
FaultPlan& FaultPlan::operator=(FaultPlan&&) noexcept = default;
FaultPlan::~FaultPlan() = default;

Fault FaultPlan::next(std::string_view request, Duration since) {
  Fault decided;
  Duration delay{};
  for (auto& rule : state_->rules) {
    if (!request.contains(rule.on) || since < rule.from || (rule.to && since >= *rule.to)) continue;
    auto number = ++rule.seen;
    bool counted =
        number >= rule.first_request && number <= rule.last_request && number % rule.every == 0;
    // Drawn in any case: what one request gets does not shift what the next ones get.
    bool drawn = rule.probability >= 1 || state_->random.next_unit() < rule.probability;
    auto within = rule.delay_to > rule.delay_from ? state_->random.next_unit() : 0.0;
    auto seed = rule.fault.effect == Fault::Effect::garbage ? state_->random.next_u64() : 0;
    if (!counted || !drawn) continue;
    if (rule.delay_to > Duration{}) {
      auto span = static_cast<double>((rule.delay_to - rule.delay_from).count()) * within;
      delay += rule.delay_from + Duration(static_cast<Duration::rep>(span));
      continue;
    }
    if (rule.rate_per_second > 0 &&
        takes_token(rule.tokens, rule.filled, rule.rate_per_second, since))
      continue;
    if (decided.effect != Fault::Effect::none) continue;
    decided = rule.fault;
    decided.seed = seed;
    if (rule.rate_per_second > 0)
      decided.retry_after = std::chrono::seconds(
          static_cast<std::int64_t>(std::ceil((1 - rule.tokens) / rule.rate_per_second)));
  }
  decided.delay = delay;
  return decided;
}

}  // namespace parley::simulators
