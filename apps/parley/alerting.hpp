#pragma once
#include <memory>
#include <vector>

#include "parley/alerts/watch.hpp"
#include "parley/base/settings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/health/monitor.hpp"
#include "parley/net/client.hpp"
#include "service_policies.hpp"

namespace parley::app {

/// Who is told what goes wrong, by the settings alerts.*.
struct Alerting {
  std::vector<std::unique_ptr<alerts::AlertSink>> sinks;
  std::unique_ptr<alerts::Alerts> alerts;
  std::unique_ptr<alerts::Watch> watch;
  Duration hold{};
};

struct AlertingParts {
  asio::any_io_executor executor;
  alerts::Alerts::Parts alerts;
  net::HttpClient& http;
  WorkerPool& mail;  ///< sending waits on its threads
  ServicePolicies& policies;
  Duration hold;  ///< so long something is broken before anybody is told
};

/// The sinks that are configured. Errors: invalid, naming the setting.
Result<Alerting> make_alerting(const Settings& settings, AlertingParts parts);

/// A rule for each thing that health looks at.
void watch_health(Alerting& alerting, health::Monitor& monitor);

}  // namespace parley::app
