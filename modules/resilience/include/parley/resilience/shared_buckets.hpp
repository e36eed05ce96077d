#pragma once
#include <memory>
#include <string>

#include "parley/base/condition.hpp"
#include "parley/resilience/rate_limiter.hpp"

namespace parley::resilience {

/// Port: token buckets that all nodes take from together, atomically. Thread-safe.
class SharedBuckets {
 public:
  virtual ~SharedBuckets() = default;

  struct Bucket {
    std::string key;
    double per_second = 0;  ///< more than zero
    double burst = 0;       ///< at least one; what a new bucket has
  };
  struct Level {
    bool taken = false;
    double remaining = 0;   ///< whole tokens
    Duration until_next{};  ///< zero when there is one
    Duration until_full{};
  };
  /// Takes one token, if there is one. Errors: invalid; whatever else means that the buckets are
  /// away, and the caller counts by itself.
  virtual Task<Level> take(Context ctx, Bucket bucket) = 0;
  virtual Condition condition() const = 0;
};

/// One bucket of them as the limit of a service; while they are away, one of this process.
class SharedTokenBucket final : public RateLimiter {
 public:
  SharedTokenBucket(SharedBuckets& buckets, Clock& clock, std::string key, int per_minute,
                    int burst);
  Task<void> take(Context ctx) override;
  /// Only this process's own: the others' calls were made.
  void reset() override;

 private:
  SharedBuckets& buckets_;
  const SharedBuckets::Bucket bucket_;
  TokenBucket local_;
};

}  // namespace parley::resilience
