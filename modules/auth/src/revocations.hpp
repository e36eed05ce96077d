#pragma once
#include <list>
#include <mutex>
#include <unordered_map>

#include "access_token.hpp"

namespace parley::auth {

/// Access tokens that ended before their time, remembered for as long as one can live. Bounded:
/// when full, the oldest entry goes, whose tokens end soonest. Thread-safe.
class Revocations {
 public:
  Revocations(Clock& clock, std::chrono::seconds access_life)
      : clock_(clock), access_life_(access_life) {}

  void end_session(const SessionId& session) { remember(session.str(), 0); }
  /// Tokens that say an older version of the user than this.
  void require_version(const UserId& user, std::int64_t version) { remember(user.str(), version); }
  void end_user(const UserId& user) { remember(user.str(), INT64_MAX); }
  bool covers(const AccessClaims& claims) const;

 private:
  struct Entry {
    std::int64_t minimum_version;
    TimePoint until;
    std::list<std::string>::iterator place;
  };
  void remember(const std::string& id, std::int64_t minimum_version);
  void forget_oldest();

  static constexpr std::size_t max_entries = 50'000;
  Clock& clock_;
  std::chrono::seconds access_life_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> order_;  ///< oldest first
};

}  // namespace parley::auth
