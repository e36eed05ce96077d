#include "known_keys.hpp"

namespace parley::auth {

void KnownKeys::drop(std::unordered_map<std::string, Entry>::iterator entry) {
  order_.erase(entry->second.place);
  entries_.erase(entry);
}

void KnownKeys::good(const std::string& hash, Identity identity, std::optional<WallTime> expires) {
  std::lock_guard lock(mutex_);
  if (auto known = entries_.find(hash); known != entries_.end()) drop(known);
  if (entries_.size() >= max_entries) drop(entries_.find(order_.front()));
  order_.push_back(hash);
  entries_.emplace(hash,
                   Entry{std::move(identity), expires, clock_.now(), std::prev(order_.end())});
}

void KnownKeys::forget(const std::string& hash) {
  std::lock_guard lock(mutex_);
  if (auto known = entries_.find(hash); known != entries_.end()) drop(known);
}

void KnownKeys::forget_key(const std::string& id) {
  std::lock_guard lock(mutex_);
  for (auto known = entries_.begin(); known != entries_.end();) {
    auto next = std::next(known);
    if (known->second.identity.principal.id == id) drop(known);
    known = next;
  }
}

std::optional<Identity> KnownKeys::find(const std::string& hash) const {
  std::lock_guard lock(mutex_);
  auto known = entries_.find(hash);
  if (known == entries_.end()) return std::nullopt;
  auto& entry = known->second;
  if (clock_.now() - entry.checked > longest) return std::nullopt;
  if (entry.expires && *entry.expires <= clock_.wall()) return std::nullopt;
  return entry.identity;
}

}  // namespace parley::auth
