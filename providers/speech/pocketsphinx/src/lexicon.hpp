#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/error.hpp"

namespace parley::providers::pocketsphinx {

/// How words are said: the packaged dictionary, loaded once for the process, and letter-to-sound
/// rules for names and words it lacks. A decoder gets only the words it needs, which keeps it small
/// and quick to open. Thread-safe.
class Lexicon {
 public:
  /// Errors: unavailable.
  static Result<std::unique_ptr<Lexicon>> load(const std::filesystem::path& dictionary);

  /// Phones separated by spaces, most common first; several when the word is said in several ways.
  /// Empty for what is no word.
  std::vector<std::string> pronunciations(std::string_view word) const;
  bool contains(std::string_view word) const;
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string_view word;
    std::string_view phones;
  };
  Lexicon() = default;
  std::string text_;
  std::vector<Entry> entries_;  ///< sorted by word, in file order among equals
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string, std::less<>> guessed_;
};

}  // namespace parley::providers::pocketsphinx
