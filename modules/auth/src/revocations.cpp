#include "revocations.hpp"

namespace parley::auth {

bool Revocations::covers(const AccessClaims& claims) const {
  std::lock_guard lock(mutex_);
  if (entries_.contains(claims.session.str())) return true;
  auto user = entries_.find(claims.user.str());
  return user != entries_.end() && claims.user_version < user->second.minimum_version;
}

void Revocations::remember(const std::string& id, std::int64_t minimum_version) {
  std::lock_guard lock(mutex_);
  auto now = clock_.now();
  while (!order_.empty() &&
         (order_.size() >= max_entries || entries_.at(order_.front()).until <= now))
    forget_oldest();
  if (auto known = entries_.find(id); known != entries_.end()) {
    minimum_version = std::max(minimum_version, known->second.minimum_version);
    order_.erase(known->second.place);
    entries_.erase(known);
  }
  order_.push_back(id);
  entries_.emplace(id, Entry{minimum_version, now + access_life_, std::prev(order_.end())});
}

void Revocations::forget_oldest() {
  entries_.erase(order_.front());
  order_.pop_front();
}

}  // namespace parley::auth
