#include "number_cache.hpp"

namespace parley::business {

std::shared_ptr<const Profile> NumberCache::find(const std::string& number) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(number);
  if (found == entries_.end() || !is_fresh(found->second)) return nullptr;
  return found->second.profile;
}

std::shared_ptr<const Profile> NumberCache::find_last_known(const std::string& number) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(number);
  if (found == entries_.end()) return nullptr;
  bool too_old = clock_.now() - found->second.read_at > max_age_without_database;
  return too_old ? nullptr : found->second.profile;
}

std::uint64_t NumberCache::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

void NumberCache::put(const std::string& number, std::shared_ptr<const Profile> profile,
                      std::uint64_t generation) {
  std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  // Full: the expired ones go, and if none has expired, all do; they come back as calls arrive.
  if (entries_.size() >= max_entries) {
    std::erase_if(entries_, [&](const auto& entry) { return !is_fresh(entry.second); });
    if (entries_.size() >= max_entries) entries_.clear();
  }
  entries_[number] = {std::move(profile), clock_.now()};
}

void NumberCache::forget(const std::string& number) {
  std::lock_guard lock(mutex_);
  entries_.erase(number);
}

void NumberCache::distrust_all() {
  std::lock_guard lock(mutex_);
  ++generation_;
  for (auto& [number, entry] : entries_) entry.trusted = false;
}

void NumberCache::forget_all() {
  std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
}

}  // namespace parley::business
