#pragma once
#include <mutex>

#include "parley/base/context.hpp"

namespace parley::resilience {

/// Port: how often a service may be called. TokenBucket limits this process; an implementation over
/// Redis can limit all nodes together. Thread-safe.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  /// Takes one token, without waiting. Errors: rate_limited with `retry_after`, when the next one
  /// may be there; anything else means that the limiter itself is away, and the call goes on.
  virtual Task<void> take(Context ctx) = 0;
  /// Full again.
  virtual void reset() = 0;
};

/// A local token bucket: starts full, gains `per_minute` tokens a minute up to `burst`.
class TokenBucket final : public RateLimiter {
 public:
  TokenBucket(Clock& clock, int per_minute, int burst);
  Task<void> take(Context ctx) override;
  void reset() override;

 private:
  Clock& clock_;
  const double per_nanosecond_;
  const double burst_;
  std::mutex mutex_;
  double tokens_;
  TimePoint filled_;
};

}  // namespace parley::resilience
