#pragma once
#include <memory>
#include <optional>
#include <string>

#include "parley/base/condition.hpp"
#include "parley/base/context.hpp"

namespace parley::store {

/// Port: values that may be gone at any time, for what is costly to make and cheap to lose. Never
/// the only place of anything. Keys have 1 to 512 bytes and name their organization where the value
/// belongs to one; values have at most 1 MiB. A cache that is away is an empty one that forgets:
/// reads miss, and `condition()` says why. Thread-safe.
class Cache {
 public:
  virtual ~Cache() = default;
  /// Nothing when it is not there, or no longer. Errors: invalid (the key).
  virtual Task<std::optional<std::string>> get(Context ctx, std::string key) = 0;
  /// `ttl` is more than zero; what is smaller than a millisecond is one. Errors: invalid,
  /// too_large.
  virtual Task<void> set(Context ctx, std::string key, std::string value, Duration ttl) = 0;
  /// For marks such as "seen before": true when the key was not there. When a shared cache is
  /// away, each node answers for itself. Errors: as set.
  virtual Task<bool> add(Context ctx, std::string key, std::string value, Duration ttl) = 0;
  /// What is not there is removed with success. Errors: invalid.
  virtual Task<void> remove(Context ctx, std::string key) = 0;
  virtual Condition condition() const = 0;
};

struct MemoryCacheOptions {
  std::size_t max_entries = 10'000;
  std::size_t max_bytes = 64u << 20;  ///< of keys and values
};

/// In this process: when full, what was used longest ago goes first. Never degraded.
std::unique_ptr<Cache> make_memory_cache(Clock& clock, MemoryCacheOptions options = {});

/// What every Cache checks first. Errors: invalid, too_large.
Result<void> check_cache_key(const std::string& key);
Result<void> check_cache_entry(const std::string& key, const std::string& value, Duration ttl);

}  // namespace parley::store
