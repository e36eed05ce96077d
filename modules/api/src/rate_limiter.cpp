#include "rate_limiter.hpp"

#include <cmath>

namespace parley::api {

RateLimiter::RateLimiter(Clock& clock, RateLimit limit, std::size_t max_buckets)
    : clock_(clock),
      limit_(limit),
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

RateLimiter::Decision RateLimiter::take(const std::string& key) {
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

}  // namespace parley::api
