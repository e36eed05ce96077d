#include "endpoint_breaker.hpp"

#include <algorithm>

namespace parley::webhooks {

Duration EndpointBreaker::ask(const EndpointId& id) {
  std::lock_guard lock(mutex_);
  auto found = states_.find(id);
  if (found == states_.end() || found->second.pause == Duration::zero()) return Duration::zero();
  auto& state = found->second;
  auto now = clock_.now();
  if (now < state.closed_until) return state.closed_until - now;
  state.closed_until = now + state.pause;
  return Duration::zero();
}

void EndpointBreaker::succeeded(const EndpointId& id) {
  std::lock_guard lock(mutex_);
  states_.erase(id);
}

void EndpointBreaker::failed(const EndpointId& id) {
  std::lock_guard lock(mutex_);
  auto now = clock_.now();
  if (states_.size() >= max_known && !states_.contains(id)) {
    std::erase_if(states_, [&](auto& entry) { return entry.second.closed_until <= now; });
    if (states_.size() >= max_known) return;
  }
  auto& state = states_[id];
  if (++state.failures < limits_.failures_to_pause) return;
  state.pause = state.pause == Duration::zero() ? limits_.first_pause
                                                : std::min(state.pause * 2, limits_.longest_pause);
  state.closed_until = now + state.pause;
}

}  // namespace parley::webhooks
