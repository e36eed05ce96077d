#include "client_limits.hpp"

namespace parley::gateway {

std::shared_ptr<resilience::TokenBucket> ClientLimits::bucket_of(std::string client) {
  std::lock_guard lock(mutex_);
  if (auto found = by_client_.find(client); found != by_client_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
    return found->second->tokens;
  }
  if (buckets_.size() >= max_clients) {
    by_client_.erase(buckets_.back().client);
    buckets_.pop_back();
  }
  auto tokens = std::make_shared<resilience::TokenBucket>(clock_, rate_.per_minute, rate_.burst);
  buckets_.push_front({std::move(client), tokens});
  by_client_.emplace(buckets_.front().client, buckets_.begin());
  return tokens;
}

Task<void> ClientLimits::take(Context ctx, std::string client) {
  auto tokens = bucket_of(std::move(client));
  auto taking = tokens->take(std::move(ctx));
  co_return co_await std::move(taking);
}

}  // namespace parley::gateway
