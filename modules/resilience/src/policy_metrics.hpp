#pragma once
#include <string>

#include "parley/resilience/policy.hpp"

namespace parley::resilience {

/// What /metrics says of one policy.
struct PolicyMetrics {
  PolicyMetrics(metrics::Registry& registry, const std::string& service);

  metrics::Counter succeeded;
  metrics::Counter caller_errors;
  metrics::Counter failed;
  metrics::Counter refused_open;
  metrics::Counter refused_full;
  metrics::Counter refused_rate;
  metrics::Counter retries;
  metrics::Counter budget_empty;
  metrics::Counter hedges;
  metrics::Counter fallbacks;
  metrics::Counter opened;
  metrics::Gauge breaker;
  metrics::Gauge running;
  metrics::Gauge waiting;
  metrics::Histogram attempt;
};

}  // namespace parley::resilience
