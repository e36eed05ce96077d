#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/error.hpp"

namespace parley {

namespace json = boost::json;

/// Parses text from outside: at most 32 levels deep, no extensions, the whole text. Errors:
/// invalid.
Result<json::value> parse_json(std::string_view text);

/// What stands at a JSON pointer (RFC 6901); null when nothing does.
const json::value* value_at(const json::value& value, std::string_view pointer);
/// The text there, or in a field; empty when there is none or it is no text.
std::string text_at(const json::value& value, std::string_view pointer);
std::string text_in(const json::object& object, std::string_view field);

/// One wrong field of an outside object; they are all reported at once.
struct FieldProblem {
  std::string field;
  std::string problem;
};

/// Reads an outside JSON object field by field, gathering every problem instead of stopping at the
/// first. Unknown fields are problems too once finish() is called.
///
///   FieldReader in(body);
///   auto name = in.text("name", {.max_length = 80});
///   auto notes = in.optional_text("notes");
///   if (auto problems = in.finish(); !problems.empty()) ...
class FieldReader {
 public:
  struct TextRule {
    std::size_t min_length = 1;
    std::size_t max_length = 1000;
  };
  explicit FieldReader(const json::value& value);

  std::string text(std::string_view field, TextRule rule = {1, 1000});
  std::optional<std::string> optional_text(std::string_view field, TextRule rule = {0, 1000});
  std::int64_t integer(std::string_view field, std::int64_t min, std::int64_t max);
  std::optional<std::int64_t> optional_integer(std::string_view field, std::int64_t min,
                                               std::int64_t max);
  std::optional<bool> optional_flag(std::string_view field);
  /// null when absent; the field counts as known.
  const json::value* any(std::string_view field);
  void problem(std::string_view field, std::string_view what);
  std::vector<FieldProblem> finish();

 private:
  const json::object* object_ = nullptr;
  std::vector<std::string> known_;
  std::vector<FieldProblem> problems_;
};

}  // namespace parley
