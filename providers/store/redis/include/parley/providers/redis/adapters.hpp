#pragma once
#include "parley/providers/redis/client.hpp"
#include "parley/resilience/shared_buckets.hpp"
#include "parley/store/cache.hpp"
#include "parley/store/pubsub.hpp"

namespace parley::providers::redis {

/// Values in Redis; while it is away, in this process. What was written or removed then is removed
/// from Redis before it is read there again.
std::unique_ptr<store::Cache> make_cache(Client& client, Clock& clock,
                                         store::MemoryCacheOptions meanwhile = {});

/// Token buckets in Redis, filled by Redis's own clock: nodes need none that agree. Errors of
/// take(): those of Client::command.
std::unique_ptr<resilience::SharedBuckets> make_buckets(Client& client);

/// Publishes with the client's connection and listens on another one. This node's subscribers hear
/// this node's messages at once and whatever happens to Redis. After a connection was lost, and
/// when a node could not publish, subscribers are told of a gap.
class RedisPubSub final : public store::PubSub {
 public:
  RedisPubSub(Parts parts, Address address, Client& client, Options options = {});
  ~RedisPubSub() override;  ///< stop() must have completed, or start() was never called
  void start();
  asio::awaitable<void> stop();  ///< ends all subscribers; idempotent

  Task<void> publish(Context ctx, std::string channel, std::string payload) override;
  Task<std::unique_ptr<store::Subscriber>> subscribe(Context ctx, std::string channel) override;
  Condition condition() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::providers::redis
