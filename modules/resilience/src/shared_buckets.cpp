#include "parley/resilience/shared_buckets.hpp"

#include <algorithm>

namespace parley::resilience {

SharedTokenBucket::SharedTokenBucket(SharedBuckets& buckets, Clock& clock, std::string key,
                                     int per_minute, int burst)
    : buckets_(buckets),
      bucket_{std::move(key), per_minute / 60.0, static_cast<double>(burst)},
      local_(clock, per_minute, burst) {}

Task<void> SharedTokenBucket::take(Context ctx) {
  // Counted here too: what this node alone has used up need not be asked for, and when the shared
  // ones go away it goes on from what it knows.
  auto here = local_.take(ctx);
  if (auto taken = co_await std::move(here); !taken) co_return taken;
  auto asking = buckets_.take(std::move(ctx), bucket_);
  auto level = co_await std::move(asking);
  if (!level || level->taken) co_return Result<void>{};
  Error error{Errc::rate_limited, "no token left", std::chrono::milliseconds(1)};
  error.retry_after =
      std::max(error.retry_after, std::chrono::ceil<std::chrono::milliseconds>(level->until_next));
  co_return std::unexpected(std::move(error));
}

void SharedTokenBucket::reset() { local_.reset(); }

}  // namespace parley::resilience
