#include "rate_limiter.hpp"

#include <cmath>

namespace parley::api {

RateLimiter::RateLimiter(Clock& clock, RateLimit limit, Shared shared, std::size_t max_buckets)
    : clock_(clock),
      limit_(limit),
      shared_(std::move(shared)),
      max_in_shard_(std::max<std::size_t>(max_buckets / shard_count, 1)) {
  if (limit_.per_second > 0) limit_.burst = std::max(limit_.burst, 1.0);
}

RateLimiter::Bucket& RateLimiter::bucket(Shard& shard, const std::string& key) {
  if (auto known = shard.by_key.find(key); known != shard.by_key.end()) {
    shard.buckets.splice(shard.buckets.begin(), shard.buckets, known->second);
    return shard.buckets.front();
  }
  if (shard.buckets.size() >= max_in_shard_) {
    shard.by_key.erase(shard.buckets.back().key);
    shard.buckets.pop_back();
  }
  shard.buckets.push_front({key, limit_.burst, clock_.now()});
  shard.by_key.emplace(shard.buckets.front().key, shard.buckets.begin());
  return shard.buckets.front();
}

RateLimiter::Shard& RateLimiter::shard_of(const std::string& key) {
  return shards_[std::hash<std::string>{}(key) % shard_count];
}

void RateLimiter::refill(Bucket& bucket) const {
  auto now = clock_.now();
  auto passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.tokens = std::min(limit_.burst, bucket.tokens + passed * limit_.per_second);
  bucket.at = now;
}

bool RateLimiter::exhausted(const std::string& key) {
  auto& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  auto known = shard.by_key.find(key);
  if (known == shard.by_key.end()) return false;
  refill(*known->second);
  return known->second->tokens < 1;
}

RateLimiter::Decision RateLimiter::take_here(const std::string& key) {
  Decision decision;
  if (limit_.per_second <= 0) return decision;
  auto& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  auto& mine = bucket(shard, key);
  refill(mine);
  auto seconds = [&](double tokens) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(tokens / limit_.per_second)));
  };
  decision.limit = limit_.burst;
  decision.allowed = mine.tokens >= 1;
  if (decision.allowed)
    mine.tokens -= 1;
  else
    decision.retry_after = std::max(seconds(1 - mine.tokens), std::chrono::seconds(1));
  decision.remaining = std::floor(mine.tokens);
  decision.until_full = seconds(limit_.burst - mine.tokens);
  return decision;
}

asio::awaitable<RateLimiter::Decision> RateLimiter::take(Context ctx, std::string key) {
  // What this node alone has used up is used up for all of them, and need not be asked for.
  auto decision = take_here(key);
  if (!shared_.buckets || decision.limit <= 0 || !decision.allowed) co_return decision;
  resilience::SharedBuckets::Bucket bucket{"api/" + shared_.name + "/" + key, limit_.per_second,
                                           limit_.burst};
  auto asking = shared_.buckets->take(std::move(ctx), std::move(bucket));
  auto level = co_await std::move(asking);
  if (!level) co_return decision;
  lower(key, level->remaining);
  decision.allowed = level->taken;
  decision.remaining = level->remaining;
  decision.until_full = std::chrono::ceil<std::chrono::seconds>(level->until_full);
  if (!level->taken)
    decision.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(level->until_next),
                                    std::chrono::seconds(1));
  co_return decision;
}

/// What the others have taken is gone here too, also when the shared bucket is away later.
void RateLimiter::lower(const std::string& key, double tokens) {
  auto& shard = shard_of(key);
  std::lock_guard lock(shard.mutex);
  auto& mine = bucket(shard, key);
  mine.tokens = std::min(mine.tokens, tokens);
}

}  // namespace parley::api
