#include "node_sharing.hpp"

#include "parley/providers/rabbitmq/rabbit_broker.hpp"
#include "parley/providers/redis/adapters.hpp"

namespace parley::app {

namespace {

namespace redis = providers::redis;

class Alone final : public NodeSharing {
 public:
  explicit Alone(Clock& clock) : cache_(store::make_memory_cache(clock)), pubsub_(clock) {}
  void start() override {}
  asio::awaitable<void> stop() override {
    pubsub_.stop();
    co_return;
  }
  store::Cache& cache() override { return *cache_; }
  store::PubSub& pubsub() override { return pubsub_; }
  resilience::SharedBuckets* limits() override { return nullptr; }

 private:
  std::unique_ptr<store::Cache> cache_;
  store::LocalPubSub pubsub_;
};

class OverRedis final : public NodeSharing {
 public:
  OverRedis(redis::Parts parts, redis::Address address)
      : client_(parts, address),
        pubsub_(parts, address, client_),
        cache_(redis::make_cache(client_, parts.clock)),
        limits_(redis::make_buckets(client_)) {}
  void start() override {
    client_.start();
    pubsub_.start();
  }
  asio::awaitable<void> stop() override {
    auto unsubscribing = pubsub_.stop();
    co_await std::move(unsubscribing);
    auto closing = client_.stop();
    co_await std::move(closing);
  }
  store::Cache& cache() override { return *cache_; }
  store::PubSub& pubsub() override { return pubsub_; }
  resilience::SharedBuckets* limits() override { return limits_.get(); }

 private:
  redis::Client client_;
  redis::RedisPubSub pubsub_;
  std::unique_ptr<store::Cache> cache_;
  std::unique_ptr<resilience::SharedBuckets> limits_;
};

}  // namespace

Result<std::unique_ptr<queue::Broker>> make_job_broker(const Settings& settings, Random& random,
                                                       metrics::Registry& registry) {
  const auto& url = settings.text("amqp.url");
  if (url.empty()) return nullptr;
  auto address = providers::rabbitmq::Address::parse(url);
  if (!address) return fail(Errc::invalid, "amqp.url: " + address.error().detail);
  address->authorities = settings.text("amqp.ca_file");
  return providers::rabbitmq::make_broker(std::move(*address), random, registry);
}

Result<std::unique_ptr<NodeSharing>> make_node_sharing(const Settings& settings,
                                                       NodeSharing::Parts parts) {
  const auto& url = settings.text("redis.url");
  if (url.empty()) return std::make_unique<Alone>(parts.clock);
  auto address = redis::Address::parse(url);
  if (!address) return fail(Errc::invalid, "redis.url: " + address.error().detail);
  address->authorities = settings.text("redis.ca_file");
  redis::Parts all{parts.executor, parts.clock, parts.random, parts.registry};
  return std::make_unique<OverRedis>(all, std::move(*address));
}

}  // namespace parley::app
