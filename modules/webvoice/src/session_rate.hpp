#pragma once
#include <map>
#include <mutex>
#include <string>

#include "parley/base/clock.hpp"

namespace parley::webvoice {

/// Token buckets by name, a bounded number of them: when there is no room, those that are full
/// again go, and else whoever comes is refused. Thread-safe.
class SessionRate {
 public:
  SessionRate(Clock& clock, double burst, double per_minute)
      : clock_(clock), burst_(burst), per_second_(per_minute / 60) {}

  /// How long to wait before asking again; nothing when one token was taken.
  std::optional<std::chrono::seconds> take(const std::string& name);

 private:
  static constexpr std::size_t most_buckets = 20'000;
  struct Bucket {
    double tokens;
    TimePoint at;
  };
  double level(const Bucket& bucket, TimePoint now) const {
    auto passed = std::chrono::duration<double>(now - bucket.at).count();
    return std::min(burst_, bucket.tokens + passed * per_second_);
  }

  Clock& clock_;
  const double burst_;
  const double per_second_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace parley::webvoice
