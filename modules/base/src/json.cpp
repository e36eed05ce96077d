#include "parley/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 32;
  boost::system::error_code ec;
  auto value = json::parse(text, ec, {}, options);
  if (ec == json::error::too_deep)
    return fail(Errc::invalid, "JSON is nested deeper than 32 levels");
  if (ec) return fail(Errc::invalid, "malformed JSON: " + ec.message());
  return value;
}

const json::value* value_at(const json::value& value, std::string_view pointer) {
  boost::system::error_code ec;
  return value.find_pointer(pointer, ec);
}

std::string text_at(const json::value& value, std::string_view pointer) {
  auto* found = value_at(value, pointer);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string text_in(const json::object& object, std::string_view field) {
  auto* found = object.if_contains(field);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

FieldReader::FieldReader(const json::value& value) : object_(value.if_object()) {
  if (!object_) problem("", "must be a JSON object");
}

const json::value* FieldReader::any(std::string_view field) {
  known_.emplace_back(field);
  if (!object_) return nullptr;
  auto* found = object_->if_contains(field);
  return found && !found->is_null() ? found : nullptr;
}

void FieldReader::problem(std::string_view field, std::string_view what) {
  problems_.push_back({std::string(field), std::string(what)});
}

std::string FieldReader::text(std::string_view field, TextRule rule) {
  auto found = optional_text(field, rule);
  if (!found && object_ && !object_->contains(field)) problem(field, "is required");
  return found.value_or("");
}

std::optional<std::string> FieldReader::optional_text(std::string_view field, TextRule rule) {
  auto* value = any(field);
  if (!value) return std::nullopt;
  auto* text = value->if_string();
  if (!text) {
    problem(field, "must be text");
    return std::nullopt;
  }
  if (text->size() < rule.min_length || text->size() > rule.max_length) {
    problem(field,
            fmt::format("must be {} to {} characters long", rule.min_length, rule.max_length));
    return std::nullopt;
  }
  return std::string(*text);
}

std::int64_t FieldReader::integer(std::string_view field, std::int64_t min, std::int64_t max) {
  auto found = optional_integer(field, min, max);
  if (!found && object_ && !object_->contains(field)) problem(field, "is required");
  return found.value_or(0);
}

std::optional<std::int64_t> FieldReader::optional_integer(std::string_view field, std::int64_t min,
                                                          std::int64_t max) {
  auto* value = any(field);
  if (!value) return std::nullopt;
  boost::system::error_code ec;
  auto number = value->to_number<std::int64_t>(ec);
  if (ec || number < min || number > max) {
    problem(field, fmt::format("must be a whole number from {} to {}", min, max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> FieldReader::optional_flag(std::string_view field) {
  auto* value = any(field);
  if (!value) return std::nullopt;
  if (!value->is_bool()) {
    problem(field, "must be true or false");
    return std::nullopt;
  }
  return value->get_bool();
}

std::vector<FieldProblem> FieldReader::finish() {
  if (object_) {
    for (auto& [name, value] : *object_)
      if (std::ranges::find(known_, std::string_view(name)) == known_.end())
        problem(name, "is not a known field");
  }
  return std::move(problems_);
}

}  // namespace parley
