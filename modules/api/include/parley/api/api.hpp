#pragma once
#include <string>
#include <vector>

#include "parley/auth/auth.hpp"
#include "parley/booking/booking.hpp"
#include "parley/business/agent_versions.hpp"
#include "parley/business/businesses.hpp"
#include "parley/calls/calls.hpp"
#include "parley/evals/evals.hpp"
#include "parley/events/live_feed.hpp"
#include "parley/gateway/gateway.hpp"
#include "parley/health/monitor.hpp"
#include "parley/health/suite.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/net/router.hpp"
#include "parley/net/server.hpp"
#include "parley/queue/queue.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/resilience/shared_buckets.hpp"
#include "parley/saga/saga.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "parley/webvoice/sites.hpp"

namespace parley::api {

/// What the routes work on. Everything outlives the router's server.
struct ApiParts {
  auth::Auth& auth;
  const auth::MasterKey& master;
  store::Database& database;
  Clock& clock;
  Random& random;
  business::Businesses& businesses;
  business::Messages& messages;
  booking::Booking& booking;
  knowledge::KnowledgeBase& knowledge;
  calls::Calls& calls;
  events::LiveFeed& feed;
  metrics::Registry& metrics;
  trace::Tracer& tracer;
  webhooks::Webhooks& webhooks;
  health::Monitor& health;
  health::Suite& suite;
  gateway::Gateway& gateway;
  queue::Queue& queue;
  saga::Sagas& sagas;
  resilience::Policies& policies;
  business::AgentVersions& agent_versions;
  evals::Evals& evals;
  webvoice::Sites& sites;
  /// Rate limits are counted with the other nodes; none: each node counts by itself.
  resilience::SharedBuckets* limits = nullptr;
};

/// A token bucket: `burst` at once, refilled with `per_second`. 0 per second: no limit.
struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

struct ApiOptions {
  /// "https://phone.example.com", in front of the addresses that are handed out; empty: the address
  /// without a host.
  std::string public_url;
  /// Origins whose pages may call the API ("https://app.example.com", or "*").
  std::vector<std::string> cors_origins;
  /// Addresses of reverse proxies whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies;
  RateLimit per_client{100, 200};         ///< a person, a key, or an address that is nobody
  RateLimit per_organization{500, 1000};  ///< all of its people and keys together
  std::size_t max_body_bytes = 10u << 20;
  /// Of a document upload: the file and what stands around it.
  std::size_t max_upload_bytes = (10u << 20) + (64u << 10);
  Duration request_timeout = std::chrono::seconds(30);
  std::chrono::hours idempotency_life{24};
  std::size_t max_event_streams = 1000;  ///< open GET /events/stream at once
  /// A server-sent event stream ends after this, so that rights are looked at again.
  Duration event_stream_life = std::chrono::minutes(10);
  Duration event_stream_beat = std::chrono::seconds(15);
};

/// Adds every route under /api/v1 and /api, health and metrics also at the root, the OpenAPI
/// document and its page.
void mount_api(net::Router& router, ApiParts parts, ApiOptions options = {});

/// The server's own refusals (404, 405, 413 ...) in the API's envelope.
net::ErrorPage api_error_page();

}  // namespace parley::api
