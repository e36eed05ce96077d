#include "pending_transactions.hpp"

#include <utility>

namespace parley::store {

bool PendingTransactions::State::enter() {
  std::lock_guard lock(mutex);
  if (gone) return false;
  ++running;
  return true;
}

void PendingTransactions::State::leave() {
  std::lock_guard lock(mutex);
  if (--running == 0) idle.notify_all();
}

void PendingTransactions::shutdown() {
  std::unordered_set<std::shared_ptr<Waiter>> left;
  {
    std::unique_lock lock(state_->mutex);
    state_->gone = true;
    state_->idle.wait(lock, [this] { return state_->running == 0; });
    left = std::exchange(state_->waiters, {});
  }
  for (const auto& waiter : left) waiter->abandon();
}

}  // namespace parley::store
