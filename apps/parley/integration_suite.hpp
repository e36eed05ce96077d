#pragma once
#include "health_probes.hpp"
#include "parley/health/suite.hpp"

namespace parley::app {

/// databases, services (the probes once more), endpoints, and the flow of an appointment in the
/// sandbox organization, which cleans up before itself.
void add_suite_steps(health::Suite& suite, health::Monitor& monitor, const CheckedParts& parts,
                     const CheckedAddresses& addresses);

}  // namespace parley::app
