#pragma once
#include <map>
#include <mutex>

#include "parley/base/clock.hpp"
#include "parley/webhooks/endpoints.hpp"

namespace parley::webhooks {

/// A growing pause for endpoints that keep failing, so that they do not take the workers' time.
/// Only those that fail take memory, and of them at most `max_known`; more are not held back.
/// Thread-safe.
class EndpointBreaker {
 public:
  struct Limits {
    int failures_to_pause;
    Duration first_pause;
    Duration longest_pause;
  };
  static constexpr std::size_t max_known = 10'000;

  EndpointBreaker(Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

  /// How long to stay away; zero: go. After a pause one call gets zero, which shows whether the
  /// endpoint is well again, and the others wait for what comes of it.
  Duration ask(const EndpointId& id);
  void succeeded(const EndpointId& id);
  void failed(const EndpointId& id);

 private:
  struct State {
    int failures = 0;
    Duration pause{};
    TimePoint closed_until{};
  };
  Clock& clock_;
  Limits limits_;
  std::mutex mutex_;
  std::map<EndpointId, State> states_;
};

}  // namespace parley::webhooks
