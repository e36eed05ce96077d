#include "schema.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr int max_depth = 8;

std::string_view text_of(const json::value& value) { return value.as_string(); }

bool is_integer(const json::value& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  // 3.0 is an integer to JSON Schema, and some callers write integers so.
  return value.is_double() &&
         value.as_double() == static_cast<double>(static_cast<std::int64_t>(value.as_double()));
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "integer") return is_integer(value);
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_bool();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

/// `type` is one name or a list of them.
bool type_allows(const json::value& type, const json::value& value) {
  if (type.is_string()) return has_type(value, text_of(type));
  if (!type.is_array()) return true;
  return std::ranges::any_of(type.as_array(), [&](const json::value& one) {
    return one.is_string() && has_type(value, text_of(one));
  });
}

std::size_t utf8_length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<void> wrong(const std::string& path, std::string_view problem) {
  return fail(Errc::invalid, fmt::format("argument '{}' {}", path, problem));
}

Result<void> check_limits(const json::object& schema, const json::value& value,
                          const std::string& path) {
  auto limit = [&](std::string_view key) -> std::optional<double> {
    auto* found = schema.if_contains(key);
    if (!found || !found->is_number()) return std::nullopt;
    return found->to_number<double>();
  };
  if (value.is_string()) {
    auto length = static_cast<double>(utf8_length(text_of(value)));
    if (auto least = limit("minLength"); least && length < *least)
      return wrong(path, fmt::format("is shorter than {} characters", *least));
    if (auto most = limit("maxLength"); most && length > *most)
      return wrong(path, fmt::format("is longer than {} characters", *most));
  }
  if (value.is_number()) {
    auto number = value.to_number<double>();
    if (auto least = limit("minimum"); least && number < *least)
      return wrong(path, fmt::format("is below {}", *least));
    if (auto most = limit("maximum"); most && number > *most)
      return wrong(path, fmt::format("is above {}", *most));
  }
  return {};
}

Result<void> check_value(const json::object& schema, const json::value& value,
                         const std::string& path, int depth);

Result<void> check_object(const json::object& schema, const json::object& value,
                          const std::string& path, int depth) {
  auto named = [&](std::string_view field) {
    return path.empty() ? std::string(field) : fmt::format("{}.{}", path, field);
  };
  if (auto* required = schema.if_contains("required"); required && required->is_array()) {
    for (const auto& field : required->as_array()) {
      if (!field.is_string()) continue;  // a schema of somebody else's may be anything
      if (!value.contains(text_of(field))) return wrong(named(text_of(field)), "is missing");
    }
  }
  auto* found = schema.if_contains("properties");
  static const json::object none;
  const json::object& properties = found && found->is_object() ? found->as_object() : none;
  auto* more = schema.if_contains("additionalProperties");
  bool more_allowed = more && more->is_bool() && more->as_bool();
  for (const auto& [field, part] : value) {
    auto* rule = properties.if_contains(field);
    if (!rule) {
      if (more_allowed) continue;
      return wrong(named(field), "is not known");
    }
    if (!rule->is_object()) continue;
    if (auto checked = check_value(rule->as_object(), part, named(field), depth + 1); !checked)
      return checked;
  }
  return {};
}

Result<void> check_value(const json::object& schema, const json::value& value,
                         const std::string& path, int depth) {
  if (depth > max_depth) return wrong(path, "is nested too deeply");
  if (auto* type = schema.if_contains("type"); type && !type_allows(*type, value))
    return wrong(path, fmt::format("must be of type {}", json::serialize(*type)));
  if (auto* choices = schema.if_contains("enum"); choices && choices->is_array()) {
    if (std::ranges::find(choices->as_array(), value) == choices->as_array().end())
      return wrong(path, fmt::format("must be one of {}", json::serialize(*choices)));
  }
  if (auto checked = check_limits(schema, value, path); !checked) return checked;
  if (value.is_object()) return check_object(schema, value.as_object(), path, depth);
  if (auto* items = schema.if_contains("items"); items && items->is_object() && value.is_array()) {
    std::size_t index = 0;
    for (const auto& item : value.as_array()) {
      auto place = fmt::format("{}[{}]", path, index++);
      if (auto checked = check_value(items->as_object(), item, place, depth + 1); !checked)
        return checked;
    }
  }
  return {};
}

}  // namespace

Result<void> check_arguments(const json::object& schema, const json::object& arguments) {
  return check_object(schema, arguments, "", 0);
}

}  // namespace parley::dialog
