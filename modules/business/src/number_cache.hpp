#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "parley/business/business.hpp"

namespace parley::business {

/// Profiles by the number that rings for them, at most `max_entries`, each for at most `max_age`: a
/// change by another process shows after that, one by this process at once. While the database is
/// away, a profile is good for a day: who calls then hears the business as it was. Thread-safe.
class NumberCache {
 public:
  static constexpr std::size_t max_entries = 1024;
  static constexpr Duration max_age = std::chrono::seconds(10);

  explicit NumberCache(Clock& clock) : clock_(clock) {}

  static constexpr Duration max_age_without_database = std::chrono::hours(24);

  std::shared_ptr<const Profile> find(const std::string& number) const;
  /// For when the database does not answer.
  std::shared_ptr<const Profile> find_last_known(const std::string& number) const;
  /// Taken before a profile is read from the database, so that put() can tell whether a change came
  /// in between.
  std::uint64_t generation() const;
  void put(const std::string& number, std::shared_ptr<const Profile> profile,
           std::uint64_t generation);
  void forget(const std::string& number);
  void forget_all();
  /// Profiles were changed: they are read again, and only without a database as they were.
  void distrust_all();

 private:
  struct Entry {
    std::shared_ptr<const Profile> profile;
    TimePoint read_at;
    bool trusted = true;
  };
  bool is_fresh(const Entry& entry) const {
    return entry.trusted && clock_.now() - entry.read_at <= max_age;
  }

  Clock& clock_;
  mutable std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace parley::business
