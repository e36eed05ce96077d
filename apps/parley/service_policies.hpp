#pragma once
#include <span>
#include <string>

#include "parley/base/settings.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/resilience/shared_buckets.hpp"

namespace parley::app {

/// The services outside whose calls have a policy, and settings resilience.<service>.*. The
/// collector of spans has none: a policy makes spans itself. Nor have the doctor and the health
/// probes, which ask what a policy would hide.
std::span<const std::string> services_with_policies();

/// Makes their policies, each once.
class ServicePolicies {
 public:
  /// `shared`: buckets that all nodes take from, for services with a rate; null: each node has its
  /// own. All of them outlive the policies.
  ServicePolicies(const Settings& settings, Clock& clock, resilience::SharedBuckets* shared,
                  resilience::Policies& policies)
      : settings_(settings), clock_(clock), shared_(shared), policies_(policies) {}

  /// `defaults`, changed by the settings. Errors: invalid, naming the setting.
  Result<resilience::Policy*> add(std::string service, resilience::PolicyOptions defaults = {});

 private:
  const Settings& settings_;
  Clock& clock_;
  resilience::SharedBuckets* shared_;
  resilience::Policies& policies_;
};

}  // namespace parley::app
