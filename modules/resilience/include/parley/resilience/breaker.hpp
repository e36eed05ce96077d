#pragma once
#include <array>
#include <cstdint>
#include <expected>
#include <optional>

#include "parley/resilience/policy.hpp"

namespace parley::resilience {

/// The circuit breaker as plain state, for those whose calls do not end when they return (a body
/// that still streams); everyone else uses a Policy. Its owner holds the lock.
///
///   closed --(enough calls, share of failures reached)--> open
///   open --(open_for passed, next call)--> half_open
///   half_open --(`trials` successes)--> closed        half_open --(one failure)--> open
class Breaker {
 public:
  /// Belongs to the state in which the call was let through: what ends later, under another state,
  /// no longer counts.
  struct Ticket {
    std::uint64_t generation = 0;
  };
  explicit Breaker(PolicyOptions::Breaker options) : options_(options) {}

  /// Set when a call would be refused now: for how long at least.
  std::optional<Duration> shut_for(TimePoint now) const;
  /// Errors: for how long it stays shut; zero while trials run.
  std::expected<Ticket, Duration> admit(TimePoint now);
  void succeeded(Ticket ticket, TimePoint now);
  void failed(Ticket ticket, TimePoint now);
  void forgotten(Ticket ticket);  ///< cancelled: it says nothing about the service
  void reset();

  BreakerState state() const noexcept { return state_; }
  Duration until_trial(TimePoint now) const;
  struct Counts {
    int calls = 0;
    int failures = 0;
  };
  Counts window(TimePoint now) const;

 private:
  struct Bucket {
    std::int64_t number = -1;
    Counts counts;
  };
  void enter(BreakerState state);
  std::int64_t bucket_number(TimePoint now) const;
  Counts& bucket(TimePoint now);

  PolicyOptions::Breaker options_;
  BreakerState state_ = BreakerState::closed;
  std::uint64_t generation_ = 0;
  std::array<Bucket, 10> buckets_;
  TimePoint opened_;
  int trials_running_ = 0;
  int trials_succeeded_ = 0;
};

}  // namespace parley::resilience
