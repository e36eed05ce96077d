#pragma once
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "parley/auth/identity.hpp"
#include "parley/base/clock.hpp"

namespace parley::auth {

/// API keys that were good when the database was last asked, for while it is away. A key that was
/// removed by another node meanwhile is believed for `longest`: as long as an access token lives,
/// which has the same weakness. At most 10,000, the one asked for longest ago goes first.
/// Thread-safe.
class KnownKeys {
 public:
  static constexpr Duration longest = std::chrono::minutes(15);

  explicit KnownKeys(Clock& clock) : clock_(clock) {}

  void good(const std::string& hash, Identity identity, std::optional<WallTime> expires);
  /// No longer known, or removed.
  void forget(const std::string& hash);
  void forget_key(const std::string& id);
  /// Who it was, if that was known lately and it has not expired.
  std::optional<Identity> find(const std::string& hash) const;

 private:
  struct Entry {
    Identity identity;
    std::optional<WallTime> expires;
    TimePoint checked;
    std::list<std::string>::iterator place;
  };
  void drop(std::unordered_map<std::string, Entry>::iterator entry);

  static constexpr std::size_t max_entries = 10'000;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> order_;  ///< the one checked longest ago first
};

}  // namespace parley::auth
