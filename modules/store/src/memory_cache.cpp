#include <list>

#include "parley/store/cache.hpp"

namespace parley::store {

namespace {

constexpr std::size_t max_key_bytes = 512;
constexpr std::size_t max_value_bytes = 1u << 20;

class MemoryCache final : public Cache {
 public:
  MemoryCache(Clock& clock, MemoryCacheOptions options) : clock_(clock), options_(options) {}

  Task<std::optional<std::string>> get(Context, std::string key) override {
    if (auto good = check_cache_key(key); !good) co_return std::unexpected(good.error());
    std::lock_guard lock(mutex_);
    auto* found = alive(key);
    if (!found) co_return std::nullopt;
    co_return found->value;
  }

  Task<void> set(Context, std::string key, std::string value, Duration ttl) override {
    if (auto good = check_cache_entry(key, value, ttl); !good) co_return good;
    std::lock_guard lock(mutex_);
    put(std::move(key), std::move(value), ttl);
    co_return Result<void>{};
  }

  Task<bool> add(Context, std::string key, std::string value, Duration ttl) override {
    if (auto good = check_cache_entry(key, value, ttl); !good)
      co_return std::unexpected(good.error());
    std::lock_guard lock(mutex_);
    if (alive(key)) co_return false;
    put(std::move(key), std::move(value), ttl);
    co_return true;
  }

  Task<void> remove(Context, std::string key) override {
    if (auto good = check_cache_key(key); !good) co_return good;
    std::lock_guard lock(mutex_);
    if (auto known = by_key_.find(key); known != by_key_.end()) drop(known->second);
    co_return Result<void>{};
  }

  Condition condition() const override { return {}; }

 private:
  struct Entry {
    std::string key;
    std::string value;
    TimePoint ends;
  };
  using Entries = std::list<Entry>;

  /// Null when it is not there or has ended; otherwise it is the newest in use.
  Entry* alive(const std::string& key) {
    auto known = by_key_.find(key);
    if (known == by_key_.end()) return nullptr;
    if (known->second->ends <= clock_.now()) {
      drop(known->second);
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, known->second);
    return &entries_.front();
  }

  void put(std::string key, std::string value, Duration ttl) {
    if (auto known = by_key_.find(key); known != by_key_.end()) drop(known->second);
    auto size = key.size() + value.size();
    if (size > options_.max_bytes || options_.max_entries == 0) return;
    while (entries_.size() >= options_.max_entries || bytes_ + size > options_.max_bytes)
      drop(std::prev(entries_.end()));
    auto now = clock_.now();
    auto ends = ttl < TimePoint::max() - now ? now + ttl : TimePoint::max();
    entries_.push_front({std::move(key), std::move(value), ends});
    by_key_.emplace(entries_.front().key, entries_.begin());
    bytes_ += size;
  }

  void drop(Entries::iterator entry) {
    bytes_ -= entry->key.size() + entry->value.size();
    by_key_.erase(entry->key);
    entries_.erase(entry);
  }

  Clock& clock_;
  const MemoryCacheOptions options_;
  std::mutex mutex_;
  Entries entries_;  ///< newest use first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<void> check_cache_key(const std::string& key) {
  if (key.empty() || key.size() > max_key_bytes)
    return fail(Errc::invalid, "a cache's key has 1 to 512 bytes");
  return {};
}

Result<void> check_cache_entry(const std::string& key, const std::string& value, Duration ttl) {
  if (auto good = check_cache_key(key); !good) return good;
  if (ttl <= Duration::zero()) return fail(Errc::invalid, "a cache's ttl is more than zero");
  if (value.size() > max_value_bytes)
    return fail(Errc::too_large, "a cache's value has at most 1 MiB");
  return {};
}

std::unique_ptr<Cache> make_memory_cache(Clock& clock, MemoryCacheOptions options) {
  return std::make_unique<MemoryCache>(clock, options);
}

}  // namespace parley::store
