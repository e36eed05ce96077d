#pragma once
#include <set>

#include "text.hpp"

namespace parley::dialog {

/// Digits said one by one or in groups: "two one two", "five fifty five", "oh one double zero",
/// "eight hundred", "212-555-0100".
struct SpokenDigits {
  std::string digits;
  Span where;
};

/// The longest run of digits in a sentence; small words inside it ("uh", "area code") are passed
/// over. Nothing when there is no digit.
std::optional<SpokenDigits> find_digits(const Words& words);

/// E.164 of ten digits, or eleven that start with 1; empty otherwise. "+44..." stays as it is.
std::string phone_from(const std::string& digits);

struct SpokenName {
  std::string name;  ///< "Anna Smith"
  Span where;        ///< with the words that led to it: "my name is anna smith"
};

/// Finds people's names. Immutable, thread-safe.
class NameFinder {
 public:
  NameFinder();

  /// A name that is announced ("my name is", "this is", "for anna smith").
  std::optional<SpokenName> announced(const Words& words) const;
  /// The answer to "what is your name?": bare, announced or spelled.
  std::optional<SpokenName> answered(const Words& words) const;
  bool is_common(std::string_view word) const;

 private:
  bool fits(std::string_view word) const;
  std::optional<SpokenName> take(const Words& words, std::size_t lead, std::size_t at) const;
  std::set<std::string, std::less<>> common_;
};

}  // namespace parley::dialog
