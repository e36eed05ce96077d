#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::transform {

/// A JSON pointer (RFC 6901), taken apart once.
class Pointer {
 public:
  /// Errors: invalid, in words for the file's author.
  static Result<Pointer> parse(std::string_view text);

  const std::vector<std::string>& steps() const noexcept { return steps_; }
  std::string text() const;
  /// Null when there is nothing.
  const json::value* find(const json::value& document) const;

 private:
  std::vector<std::string> steps_;
};

/// "/" and the step, with '~' and '/' escaped.
std::string escaped_step(std::string_view step);

/// Puts `value` at `where`, making the objects on the way. What is on the way and not an object is
/// the mapping's fault and was refused when it was compiled.
void put(json::object& into, const Pointer& where, json::value value);

/// Why `pointer` finds nothing in `document`: which step is not there, and the nearest present one.
std::string why_absent(const Pointer& pointer, const json::value& document);

/// The fields a mapping names, as a tree, to tell what of a document it does not.
class KnownFields {
 public:
  void add(const Pointer& pointer);
  /// What of `value` is not named, in its structure; members of a list by their index. Null when
  /// everything is. Paths go to `paths`, under `at`, when that is given.
  json::value rest_of(const json::value& value, const std::string& at,
                      std::vector<std::string>* paths) const;

 private:
  void take(json::object& rest, std::string_view step, const json::value& value,
            const std::string& at, std::vector<std::string>* paths) const;
  bool whole_ = false;
  std::map<std::string, KnownFields, std::less<>> steps_;
};

constexpr std::size_t max_noted_paths = 200;

}  // namespace parley::transform
