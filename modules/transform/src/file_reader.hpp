#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::transform {

/// The faults of a mapping file, each with its place.
using Faults = std::vector<std::string>;

/// One object of a mapping file: what is asked for is known, what is there besides is a fault that
/// names the nearest known key.
class FileReader {
 public:
  FileReader(const json::value& value, std::string at, Faults& faults);

  const json::value* any(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  /// One text, or a list of them; empty when absent.
  std::vector<std::string> texts(std::string_view key);
  bool flag(std::string_view key);
  std::size_t count(std::string_view key, std::size_t most);
  const json::object* object(std::string_view key);
  /// One of `words`; the position, or empty when absent or wrong.
  std::optional<std::size_t> word(std::string_view key, const std::vector<std::string>& words);

  void fault(std::string_view key, std::string_view what);
  void finish();
  std::string place(std::string_view key) const;

 private:
  const json::object* object_;
  std::string at_;
  Faults& faults_;
  std::vector<std::string> known_;
};

/// "; the nearest is 'x'", or "; there are: x, y".
std::string instead_of(std::string_view word, const std::vector<std::string>& words);

}  // namespace parley::transform
