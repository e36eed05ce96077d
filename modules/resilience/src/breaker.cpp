#include "parley/resilience/breaker.hpp"

#include <algorithm>

namespace parley::resilience {

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      break;
  }
  return "half_open";
}

void Breaker::enter(BreakerState state) {
  state_ = state;
  ++generation_;
  buckets_ = {};
  trials_running_ = trials_succeeded_ = 0;
}

std::int64_t Breaker::bucket_number(TimePoint now) const {
  auto width =
      std::max<Duration>(options_.window / static_cast<std::int64_t>(buckets_.size()), Duration(1));
  return now.time_since_epoch() / width;
}

Breaker::Counts& Breaker::bucket(TimePoint now) {
  auto number = bucket_number(now);
  auto& bucket = buckets_[static_cast<std::size_t>(number) % buckets_.size()];
  if (bucket.number != number) bucket = {number, {}};
  return bucket.counts;
}

Breaker::Counts Breaker::window(TimePoint now) const {
  auto newest = bucket_number(now);
  Counts sum;
  for (const auto& bucket : buckets_) {
    bool inside = bucket.number > newest - static_cast<std::int64_t>(buckets_.size()) &&
                  bucket.number <= newest;
    if (!inside) continue;
    sum.calls += bucket.counts.calls;
    sum.failures += bucket.counts.failures;
  }
  return sum;
}

Duration Breaker::until_trial(TimePoint now) const {
  if (state_ != BreakerState::open) return {};
  return std::max<Duration>(opened_ + options_.open_for - now, Duration::zero());
}

std::optional<Duration> Breaker::shut_for(TimePoint now) const {
  if (state_ == BreakerState::closed) return std::nullopt;
  if (state_ == BreakerState::half_open)
    return trials_running_ < options_.trials ? std::nullopt : std::optional(Duration::zero());
  auto left = until_trial(now);
  return left > Duration::zero() ? std::optional(left) : std::nullopt;
}

std::expected<Breaker::Ticket, Duration> Breaker::admit(TimePoint now) {
  if (auto shut = shut_for(now)) return std::unexpected(*shut);
  if (state_ == BreakerState::open) enter(BreakerState::half_open);
  if (state_ == BreakerState::half_open) ++trials_running_;
  return Ticket{generation_};
}

void Breaker::succeeded(Ticket ticket, TimePoint now) {
  if (ticket.generation != generation_) return;
  if (state_ == BreakerState::half_open) {
    --trials_running_;
    if (++trials_succeeded_ >= options_.trials) enter(BreakerState::closed);
    return;
  }
  ++bucket(now).calls;
}

void Breaker::failed(Ticket ticket, TimePoint now) {
  if (ticket.generation != generation_) return;
  if (state_ == BreakerState::closed) {
    auto& counts = bucket(now);
    ++counts.calls;
    ++counts.failures;
    auto sum = window(now);
    bool enough = options_.failure_percent > 0 && sum.calls >= options_.min_calls &&
                  sum.failures * 100 >= sum.calls * options_.failure_percent;
    if (!enough) return;
  }
  opened_ = now;
  enter(BreakerState::open);
}

void Breaker::forgotten(Ticket ticket) {
  if (ticket.generation == generation_ && state_ == BreakerState::half_open) --trials_running_;
}

void Breaker::reset() { enter(BreakerState::closed); }

}  // namespace parley::resilience
