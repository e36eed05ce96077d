#pragma once
#include <string>

#include "parley/alerts/alerts.hpp"
#include "parley/net/client.hpp"

namespace parley::providers::pagerduty {

struct Options {
  std::string routing_key;  ///< of an Events API v2 integration, 32 characters
  std::string api_url = "https://events.pagerduty.com";
  std::string source = "parley";  ///< which machine it is about
};

/// PagerDuty's Events API v2 (POST /v2/enqueue). The alert's id is the dedup_key, so that what is
/// sent twice is one incident, and its end resolves it.
class PagerDuty final : public alerts::AlertSink {
 public:
  PagerDuty(net::HttpClient& http, Options options) : http_(http), options_(std::move(options)) {}
  std::string name() const override { return "pagerduty"; }
  Task<void> send(Context ctx, const alerts::Alert& alert, Action action) override;

 private:
  net::HttpClient& http_;
  Options options_;
};

}  // namespace parley::providers::pagerduty
