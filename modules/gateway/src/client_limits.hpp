#pragma once
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "parley/gateway/route_spec.hpp"
#include "parley/resilience/rate_limiter.hpp"

namespace parley::gateway {

/// A token bucket for each client of a route, a bounded number of them: when full, the one longest
/// unused goes. Thread-safe.
class ClientLimits {
 public:
  static constexpr std::size_t max_clients = 10'000;
  ClientLimits(Clock& clock, RateSpec rate) : clock_(clock), rate_(rate) {}

  /// Errors: rate_limited with `retry_after`.
  Task<void> take(Context ctx, std::string client);

 private:
  struct Bucket {
    std::string client;
    std::shared_ptr<resilience::TokenBucket> tokens;
  };
  std::shared_ptr<resilience::TokenBucket> bucket_of(std::string client);

  Clock& clock_;
  RateSpec rate_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;  ///< newest use first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_client_;
};

}  // namespace parley::gateway
