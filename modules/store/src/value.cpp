#include "parley/store/value.hpp"

#include <charconv>
#include <stdexcept>

namespace parley::store {

namespace {

std::logic_error wrong_type(std::string_view column, std::string_view wanted) {
  return std::logic_error("column " + std::string(column) + " is not " + std::string(wanted));
}

}  // namespace

const Value& Row::at(std::string_view column) const {
  for (std::size_t i = 0; i < columns_->size(); ++i)
    if ((*columns_)[i] == column) return values_[i];
  throw std::logic_error("no column " + std::string(column));
}

std::string Row::text(std::string_view column) const {
  const auto& value = at(column).storage();
  if (auto* text = std::get_if<std::string>(&value)) return *text;
  if (auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  throw wrong_type(column, "text");
}

std::optional<std::string> Row::optional_text(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::int64_t Row::integer(std::string_view column) const {
  const auto& value = at(column).storage();
  if (auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (auto* text = std::get_if<std::string>(&value)) {
    std::int64_t parsed = 0;
    auto* end = text->data() + text->size();
    auto [stop, ec] = std::from_chars(text->data(), end, parsed);
    if (ec == std::errc{} && stop == end) return parsed;
  }
  throw wrong_type(column, "an integer");
}

std::optional<std::int64_t> Row::optional_integer(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

double Row::real(std::string_view column) const {
  const auto& value = at(column).storage();
  if (auto* number = std::get_if<double>(&value)) return *number;
  if (auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  throw wrong_type(column, "a number");
}

Value::Blob Row::blob(std::string_view column) const {
  const auto& value = at(column).storage();
  if (auto* bytes = std::get_if<Value::Blob>(&value)) return *bytes;
  throw wrong_type(column, "bytes");
}

WallTime Row::time(std::string_view column) const {
  auto parsed = parse_rfc3339(text(column));
  if (!parsed) throw wrong_type(column, "a time");
  return *parsed;
}

std::optional<WallTime> Row::optional_time(std::string_view column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

json::value Row::json(std::string_view column) const {
  // What is stored may wrap outside JSON of the deepest allowed nesting.
  json::parse_options options;
  options.max_depth = 128;
  boost::system::error_code ec;
  auto parsed = json::parse(text(column), ec, {}, options);
  if (ec) throw wrong_type(column, "JSON");
  return parsed;
}

}  // namespace parley::store
