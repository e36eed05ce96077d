#include "service_policies.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace parley::app {

std::span<const std::string> services_with_policies() {
  static const std::vector<std::string> services{"alert_mail",
                                                 "alert_webhook",
                                                 "anthropic",
                                                 "deepgram_recognition",
                                                 "deepgram_voice",
                                                 "elevenlabs_recognition",
                                                 "elevenlabs_voice",
                                                 "embeddings",
                                                 "objects",
                                                 "openai",
                                                 "openai_recognition",
                                                 "openai_voice",
                                                 "pagerduty",
                                                 "twilio",
                                                 "vectors",
                                                 "webhooks"};
  return services;
}

Result<resilience::Policy*> ServicePolicies::add(std::string service,
                                                 resilience::PolicyOptions defaults) {
  if (std::ranges::find(services_with_policies(), service) == services_with_policies().end())
    throw std::logic_error("a policy without settings: " + service);
  auto chosen = resilience::policy_options(settings_, service, defaults);
  if (!chosen) return std::unexpected(chosen.error());
  if (auto good = resilience::check(*chosen); !good)
    return fail(good.error().code, "resilience." + service + ": " + good.error().detail);
  std::unique_ptr<resilience::RateLimiter> limiter;
  if (shared_ && chosen->rate.per_minute > 0)
    limiter = std::make_unique<resilience::SharedTokenBucket>(
        *shared_, clock_, "service/" + service, chosen->rate.per_minute, chosen->rate.burst);
  return &policies_.add(std::move(service), *chosen, std::move(limiter));
}

}  // namespace parley::app
