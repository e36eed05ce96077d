#include "parley/simulators/faults.hpp"

namespace parley::simulators {

Result<void> Faults::set(std::string text) {
  auto plan = FaultPlan::parse(text, place_, seed_);
  if (!plan) return std::unexpected(plan.error());
  std::lock_guard lock(mutex_);
  plan_ = std::move(*plan);
  text_ = std::move(text);
  began_ = clock_.now();
  happened_ = 0;
  return {};
}

std::string Faults::text() const {
  std::lock_guard lock(mutex_);
  return text_;
}

Fault Faults::next(std::string_view request) {
  std::lock_guard lock(mutex_);
  auto fault = plan_.next(request, clock_.now() - began_);
  if (fault.effect != Fault::Effect::none || fault.delay > Duration{}) ++happened_;
  return fault;
}

std::size_t Faults::happened() const {
  std::lock_guard lock(mutex_);
  return happened_;
}

}  // namespace parley::simulators
