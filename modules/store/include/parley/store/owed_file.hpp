#pragma once
#include <atomic>
#include <filesystem>
#include <mutex>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::store {

/// Whether the same transaction may succeed later: the database is away, too busy, or full.
bool may_pass(Errc code) noexcept;

/// What the database is owed while it is away: lines of JSON, each forced to the disk, until they
/// are paid. Touches the disk, so it belongs on a WorkerPool's thread. Thread-safe.
class OwedFile {
 public:
  explicit OwedFile(std::filesystem::path file);

  bool owes() const noexcept { return owes_; }
  /// Errors: resource_exhausted (it would have more than `most_bytes`, or the disk is full),
  /// unavailable. What was not wholly written is not there.
  Result<void> append(const json::object& line, std::uintmax_t most_bytes = UINTMAX_MAX);
  struct Lines {
    std::vector<json::object> lines;
    std::uintmax_t size_bytes = 0;
  };
  /// Every whole line; one that a crash cut off counts for nothing.
  Lines read() const;
  /// Removes what read() gave, unless more was added since: then all of it stays, and what was paid
  /// is paid again. Whatever is written must bear that.
  void remove_paid(const Lines& paid);
  /// A copy beside it, for people, of what can never be paid.
  void set_aside() const;

 private:
  Lines read_locked() const;
  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::atomic<bool> owes_{false};
};

}  // namespace parley::store
