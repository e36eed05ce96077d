#pragma once
#include <vector>

#include "parley/base/random.hpp"
#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

struct FaultPlan::Rule {
  Fault fault;
  // Instead of a fixed fault: a delay between these, or a rate.
  Duration delay_from{};
  Duration delay_to{};
  double rate_per_second = 0;

  std::string on;
  Duration from{};
  std::optional<Duration> to;
  std::uint64_t first_request = 1;
  std::uint64_t last_request = UINT64_MAX;
  std::uint64_t every = 1;
  double probability = 1;

  std::uint64_t seen = 0;
  double tokens = 0;  ///< of the rate: filled up to one second's worth
  Duration filled{};
};

struct FaultPlan::State {
  explicit State(std::uint64_t seed) : random(seed) {}
  std::vector<Rule> rules;
  SeededRandom random;
};

}  // namespace parley::simulators
