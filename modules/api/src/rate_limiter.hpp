#pragma once
#include <array>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "parley/api/api.hpp"
#include "parley/resilience/shared_buckets.hpp"

namespace parley::api {

/// Token buckets in memory, a bounded number of them: when full, the one longest unused goes, which
/// is the fullest. With shared buckets, all nodes count together; while those are away, each goes
/// on by itself from what it knows. Thread-safe.
class RateLimiter {
 public:
  /// `name` keeps the shared buckets of several limiters apart.
  struct Shared {
    resilience::SharedBuckets* buckets = nullptr;
    std::string name;
  };
  RateLimiter(Clock& clock, RateLimit limit, Shared shared = {nullptr, ""},
              std::size_t max_buckets = 20'000);

  struct Decision {
    bool allowed = true;
    double limit = 0;  ///< 0: none
    double remaining = 0;
    std::chrono::seconds until_full{0};
    std::chrono::seconds retry_after{0};
  };
  /// From the shared bucket too, if there is one and it answers in time.
  asio::awaitable<Decision> take(Context ctx, std::string key);
  /// Here alone.
  Decision take_here(const std::string& key);
  /// Whether take() would refuse, as far as is known here. Takes nothing.
  bool exhausted(const std::string& key);

 private:
  struct Bucket {
    std::string key;
    double tokens;
    TimePoint at;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Bucket> buckets;  ///< newest use first
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key;
  };
  void lower(const std::string& key, double tokens);
  Shard& shard_of(const std::string& key);
  void refill(Bucket& bucket) const;
  Bucket& bucket(Shard& shard, const std::string& key);

  static constexpr std::size_t shard_count = 16;
  Clock& clock_;
  RateLimit limit_;
  const Shared shared_;
  std::size_t max_in_shard_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace parley::api
