#pragma once
#include "parley/resilience/policy.hpp"

namespace parley::testkit {

/// Policies for adapters under test, with figures and spans nobody looks at. One attempt a call,
/// and a breaker that stays shut, so that what an adapter says is what the test sees.
struct PoliciesOnTrial {
  PoliciesOnTrial(Clock& clock, Random& random)
      : tracer(clock, random, spans), policies(clock, random, registry, tracer) {}

  resilience::Policy& add(std::string service) {
    resilience::PolicyOptions options;
    options.retry.attempts = 1;
    options.breaker.failure_percent = 0;
    return policies.add(std::move(service), options);
  }

  metrics::Registry registry;
  trace::MemorySpanSink spans;
  trace::Tracer tracer;
  resilience::Policies policies;
};

}  // namespace parley::testkit
