#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parley/events/subscriptions.hpp"
#include "parley/net/client.hpp"
#include "parley/queue/queue.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/webhooks/endpoints.hpp"

namespace parley::webhooks {

using DeliveryId = Id<"whd">;

/// pending: will be tried (again) at next_attempt_at. delivered: answered with 2xx. failed: given
/// up: too many attempts, or the endpoint is disabled.
enum class DeliveryStatus { pending, delivered, failed };
std::string_view to_string(DeliveryStatus status) noexcept;
std::optional<DeliveryStatus> parse_delivery_status(std::string_view text) noexcept;

/// One event on its way to one endpoint.
struct Delivery {
  DeliveryId id;
  EndpointId endpoint;
  std::string event_id;  ///< also its webhook-id, in every attempt
  std::string event_type;
  std::string body;
  DeliveryStatus status = DeliveryStatus::pending;
  std::int64_t attempts = 0;  ///< ever made
  std::string last_error;
  std::optional<std::int64_t> last_response_status;
  WallTime created;
  std::optional<WallTime> last_attempt_at;
  std::optional<WallTime> next_attempt_at;
};
struct DeliveryAttempt {
  std::int64_t number = 0;
  std::string url;
  WallTime sent_at;
  std::chrono::milliseconds duration{};
  std::optional<std::int64_t> response_status;
  std::string response_body;  ///< its first 4 KB, as UTF-8
  std::string error;
};
struct DeliveryWithAttempts {
  Delivery delivery;
  std::vector<DeliveryAttempt> attempts;  ///< the last 40, the oldest first
};

/// Turns events into deliveries and sends them, signed as Standard Webhooks says.
///
///   event ─projection─► one row and one job an endpoint ─► POST ─► 2xx: delivered
///                           ▲ pause 5 s .. 12 h, or Retry-After    │ else
///                           └── fewer than 30 attempts ◄───────────┴─► failed ─► replay
///
/// Each attempt is a job of its own: what came of it, the end of the job and the next one are one
/// transaction. At least once; webhook-id is the same in all attempts. No order is promised.
/// Redirects are not followed, and addresses that are not public are not connected to.
/// An endpoint has at most four requests at once, and after `failures_to_pause` in a row a growing
/// pause between single ones: a slow or dead one does not hold up the others.
/// One that has failed for `give_up_after`, without a success in between, or says 410 is disabled,
/// which webhook_endpoint.disabled tells.
class Deliveries {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
    net::HttpClient& http;
    Endpoints& endpoints;
    metrics::Registry& registry;
  };
  struct Options {
    std::string lane = "default";  ///< of the queue
    Duration time_limit = 30s;     ///< of one request
    int max_attempts = 30;         ///< about a week
    Duration first_pause = 5s;     ///< doubled each time, half of it random
    Duration longest_pause = 12h;
    Duration give_up_after = 24h * 5;
    Duration keep = 24h * 30;   ///< older ones are removed as new ones come
    int failures_to_pause = 5;  ///< in a row
    Duration pause = 30s;       ///< doubled with each further failure
    Duration longest_hold = 15min;
    /// What requests go through; null: straight out. It is one for all endpoints, so it limits and
    /// counts, and its breaker stays off: each endpoint has its own pauses. What it refuses is no
    /// attempt and is put off.
    resilience::Policy* policy = nullptr;
    /// `any` is for tests, whose servers are on loopback. Nothing else sets it.
    enum class Addresses { public_only, any } addresses = Addresses::public_only;
  };
  /// Registers its job with the queue, which must not have been started.
  explicit Deliveries(Parts parts);
  Deliveries(Parts parts, Options options);
  ~Deliveries();

  /// The projection that makes deliveries of events: exactly one for each event and endpoint.
  events::Subscription subscription();

  struct Filter {
    EndpointId endpoint;
    std::optional<DeliveryStatus> status;
    std::string event_type;
    std::int64_t page = 1;
    std::int64_t limit = 50;
    std::string sort;  ///< "createdAt" or "-createdAt"; empty: the newest first
  };
  struct Page {
    std::vector<Delivery> items;
    std::int64_t total = 0;
  };
  Task<Page> list(Context ctx, Filter filter);
  /// Errors: not_found.
  Task<DeliveryWithAttempts> get(Context ctx, DeliveryId id);
  /// Sends it again, at once and with all attempts, whatever its state. Errors: not_found.
  Task<Delivery> replay(Context ctx, DeliveryId id);

  /// A delivery in the order they were made in; those of one time stand by their ids.
  struct Place {
    WallTime created;
    DeliveryId id;  ///< empty: before all of that time
  };
  struct Range {
    EndpointId endpoint;
    Place from;   ///< including
    WallTime to;  ///< by when the deliveries were made; excluding
    std::optional<DeliveryStatus> status = DeliveryStatus::failed;  ///< none: whatever
  };
  struct Replayed {
    std::int64_t count = 0;
    std::optional<Place> next_from;  ///< more are left from here on
  };
  static constexpr std::int64_t max_replayed_at_once = 500;
  /// The oldest first. Errors: not_found (the endpoint), invalid (an empty range).
  Task<Replayed> replay(Context ctx, Range range);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parley::webhooks
