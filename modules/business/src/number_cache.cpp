#include "number_cache.hpp"

namespace parley::business {

std::shared_ptr<const Profile> NumberCache::find(const std::string& number) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(number);
  if (found == entries_.end() || found->second.until < clock_.now()) return nullptr;
  return found->second.profile;
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
    auto now = clock_.now();
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until < now; });
    if (entries_.size() >= max_entries) entries_.clear();
  }
  entries_[number] = {std::move(profile), clock_.now() + max_age};
}

void NumberCache::forget_all() {
  std::lock_guard lock(mutex_);
  ++generation_;
  entries_.clear();
}

}  // namespace parley::business
