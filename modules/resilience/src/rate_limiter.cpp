#include "parley/resilience/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

namespace parley::resilience {

TokenBucket::TokenBucket(Clock& clock, int per_minute, int burst)
    : clock_(clock),
      per_nanosecond_(per_minute / static_cast<double>(Duration(1min).count())),
      burst_(burst),
      tokens_(burst),
      filled_(clock.now()) {}

Task<void> TokenBucket::take(Context) {
  std::lock_guard lock(mutex_);
  auto now = clock_.now();
  auto gained = static_cast<double>((now - filled_).count()) * per_nanosecond_;
  tokens_ = std::min(burst_, tokens_ + std::max(gained, 0.0));
  filled_ = now;
  // Parts of a token added up over time are not quite one.
  if (tokens_ >= 1 - 1e-9) {
    tokens_ = std::max(0.0, tokens_ - 1);
    co_return Result<void>{};
  }
  auto missing = std::ceil((1 - tokens_) / per_nanosecond_ / 1e6);
  Error error{Errc::rate_limited, "no token left", std::chrono::milliseconds(1)};
  error.retry_after =
      std::max(error.retry_after, std::chrono::milliseconds(static_cast<std::int64_t>(missing)));
  co_return std::unexpected(std::move(error));
}

void TokenBucket::reset() {
  std::lock_guard lock(mutex_);
  tokens_ = burst_;
  filled_ = clock_.now();
}

}  // namespace parley::resilience
