#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/id.hpp"
#include "parley/base/json.hpp"

namespace parley::store {

/// A parameter or a column: null, integer, real, text or bytes. Times go in as RFC 3339 UTC text,
/// ids as text, JSON as text, booleans as 0 and 1.
class Value {
 public:
  using Blob = std::vector<std::byte>;
  using Storage = std::variant<std::monostate, std::int64_t, double, std::string, Blob>;

  Value() = default;
  // NOLINTBEGIN(google-explicit-constructor): a parameter list reads as a list of plain values
  Value(std::nullptr_t) {}
  Value(bool value) : storage_(std::int64_t{value ? 1 : 0}) {}
  Value(int value) : storage_(std::int64_t{value}) {}
  Value(std::int64_t value) : storage_(value) {}
  Value(std::uint64_t value) : storage_(static_cast<std::int64_t>(value)) {}
  Value(double value) : storage_(value) {}
  Value(const char* text) : storage_(std::string(text)) {}
  Value(std::string_view text) : storage_(std::string(text)) {}
  Value(std::string text) : storage_(std::move(text)) {}
  Value(Blob bytes) : storage_(std::move(bytes)) {}
  Value(WallTime time) : storage_(to_rfc3339(time)) {}
  template <IdPrefix P>
  Value(const Id<P>& id) : storage_(id.str()) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }
  // NOLINTEND(google-explicit-constructor)

  bool is_null() const noexcept { return storage_.index() == 0; }
  const Storage& storage() const noexcept { return storage_; }

 private:
  Storage storage_;
};

using Params = std::vector<Value>;

/// One result row, read by column name. Reading a column that is not there, or a null as something
/// else than an optional, is a bug and throws std::logic_error.
class Row {
 public:
  Row(std::shared_ptr<const std::vector<std::string>> columns, std::vector<Value> values)
      : columns_(std::move(columns)), values_(std::move(values)) {}

  bool is_null(std::string_view column) const { return at(column).is_null(); }
  std::string text(std::string_view column) const;
  std::optional<std::string> optional_text(std::string_view column) const;
  std::int64_t integer(std::string_view column) const;  ///< also parses integer text
  std::optional<std::int64_t> optional_integer(std::string_view column) const;
  double real(std::string_view column) const;
  bool flag(std::string_view column) const { return integer(column) != 0; }
  Value::Blob blob(std::string_view column) const;
  WallTime time(std::string_view column) const;
  std::optional<WallTime> optional_time(std::string_view column) const;
  json::value json(std::string_view column) const;
  template <class IdType>
  IdType id(std::string_view column) const {
    return IdType(text(column));
  }
  const Value& at(std::string_view column) const;

 private:
  std::shared_ptr<const std::vector<std::string>> columns_;
  std::vector<Value> values_;
};

using Rows = std::vector<Row>;

}  // namespace parley::store
