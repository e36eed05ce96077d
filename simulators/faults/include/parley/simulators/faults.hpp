#pragma once
#include <mutex>

#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

/// The plan in force at one stand-in, which may be changed while it runs. Thread-safe.
class Faults {
 public:
  Faults(const Clock& clock, FaultPlan::Place place, std::uint64_t seed = 1)
      : clock_(clock), place_(place), seed_(seed) {}

  /// Counts and windows begin anew; an empty text heals. Errors: invalid, and the old plan stays.
  Result<void> set(std::string text);
  std::string text() const;
  Fault next(std::string_view request);
  /// How many requests had a fault since the plan was set.
  std::size_t happened() const;

 private:
  const Clock& clock_;
  const FaultPlan::Place place_;
  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  FaultPlan plan_;  ///< under mutex_, as all below
  std::string text_;
  TimePoint began_{};
  std::size_t happened_ = 0;
};

}  // namespace parley::simulators
