#pragma once
#include <filesystem>
#include <string>

namespace parley::testkit {

/// The books of a service outside: a file that outlives every process, one line for each effect.
/// For processes that are killed: what is booked stays booked. A word has no spaces.
class OutsideLedger {
 public:
  explicit OutsideLedger(std::filesystem::path file) : file_(std::move(file)) {}
  void book(const std::string& effect, const std::string& key) const;
  int count(const std::string& effect, const std::string& key) const;
  bool has(const std::string& effect, const std::string& key) const { return count(effect, key); }
  /// What services do that honour idempotency keys.
  void book_once(const std::string& effect, const std::string& key) const {
    if (!has(effect, key)) book(effect, key);
  }

 private:
  std::filesystem::path file_;
};

}  // namespace parley::testkit
