#include "session_rate.hpp"

#include <cmath>

namespace parley::webvoice {

std::optional<std::chrono::seconds> SessionRate::take(const std::string& name) {
  auto now = clock_.now();
  std::lock_guard lock(mutex_);
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_buckets)
      std::erase_if(buckets_,
                    [&](const auto& entry) { return level(entry.second, now) >= burst_; });
    if (buckets_.size() >= most_buckets) return std::chrono::seconds(1);
    found = buckets_.emplace(name, Bucket{burst_, now}).first;
  }
  auto& bucket = found->second;
  auto tokens = level(bucket, now);
  if (tokens < 1) {
    auto wait = std::ceil((1 - tokens) / per_second_);
    return std::chrono::seconds(static_cast<std::int64_t>(std::max(1.0, wait)));
  }
  bucket = {tokens - 1, now};
  return std::nullopt;
}

}  // namespace parley::webvoice
