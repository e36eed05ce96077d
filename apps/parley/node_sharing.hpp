#pragma once
#include <memory>

#include "parley/base/random.hpp"
#include "parley/base/settings.hpp"
#include "parley/queue/broker.hpp"
#include "parley/resilience/shared_buckets.hpp"
#include "parley/store/cache.hpp"
#include "parley/store/pubsub.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::app {

/// What nodes share beside the database: Redis, if the settings name one; otherwise its stand-ins
/// in this process.
class NodeSharing {
 public:
  struct Parts {
    asio::any_io_executor executor;
    Clock& clock;
    Random& random;
    metrics::Registry& registry;
  };
  virtual ~NodeSharing() = default;
  /// Connects in the background: nobody waits for what may be away.
  virtual void start() = 0;
  virtual asio::awaitable<void> stop() = 0;

  virtual store::Cache& cache() = 0;
  virtual store::PubSub& pubsub() = 0;
  /// Null: each node counts by itself.
  virtual resilience::SharedBuckets* limits() = 0;
};

/// RabbitMQ, which tells nodes of each other's jobs; null when the settings name none. The queue
/// starts and stops it. Errors: invalid, naming the setting.
Result<std::unique_ptr<queue::Broker>> make_job_broker(const Settings& settings, Random& random,
                                                       metrics::Registry& registry);

/// Errors: invalid, naming the setting.
Result<std::unique_ptr<NodeSharing>> make_node_sharing(const Settings& settings,
                                                       NodeSharing::Parts parts);

}  // namespace parley::app
