#include "policy_metrics.hpp"

namespace parley::resilience {

namespace {

metrics::Counter calls(metrics::Registry& registry, const std::string& service,
                       const char* outcome) {
  return registry.counter("parley_resilience_calls_total", "Calls to outside services",
                          {{"service", service}, {"outcome", outcome}});
}

}  // namespace

PolicyMetrics::PolicyMetrics(metrics::Registry& registry, const std::string& service)
    : succeeded(calls(registry, service, "succeeded")),
      caller_errors(calls(registry, service, "caller_error")),
      failed(calls(registry, service, "failed")),
      refused_open(calls(registry, service, "refused_open")),
      refused_full(calls(registry, service, "refused_full")),
      refused_rate(calls(registry, service, "refused_rate")),
      retries(registry.counter("parley_resilience_retries_total", "Attempts after the first",
                               {{"service", service}})),
      budget_empty(registry.counter("parley_resilience_retry_budget_empty_total",
                                    "Retries not made because the budget was spent",
                                    {{"service", service}})),
      hedges(registry.counter("parley_resilience_hedges_total", "Second attempts beside a slow one",
                              {{"service", service}})),
      fallbacks(registry.counter("parley_resilience_fallbacks_total", "Calls that took another way",
                                 {{"service", service}})),
      opened(registry.counter("parley_resilience_breaker_opened_total", "Times a breaker opened",
                              {{"service", service}})),
      breaker(registry.gauge("parley_resilience_breaker_state", "0 closed, 1 open, 2 half open",
                             {{"service", service}})),
      running(registry.gauge("parley_resilience_running_calls", "Attempts running now",
                             {{"service", service}})),
      waiting(registry.gauge("parley_resilience_waiting_calls", "Calls waiting for a turn",
                             {{"service", service}})),
      attempt(registry.histogram("parley_resilience_attempt_seconds", "How long attempts take",
                                 {{"service", service}})) {}

}  // namespace parley::resilience
