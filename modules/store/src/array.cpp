#include "parley/store/array.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace parley::store {

namespace {

/// A string as JSON has it. A zero byte stays one, so that the text is refused like any other.
void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    bool control = c > 0 && c < 0x20;
    if (control) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

/// An element of an array's literal: in quotes, every text stands for itself, also NULL.
void append_element(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

Array::Array(Database::Kind kind, std::vector<Column> columns)
    : kind_(kind),
      columns_(std::move(columns)),
      texts_(kind == Database::Kind::sqlite ? 1 : columns_.size()) {}

void Array::add(const Params& row) {
  if (row.size() != columns_.size()) throw std::logic_error("an array's row has other columns");
  auto next = [](std::string& text) {
    if (!text.empty()) text += ',';
  };
  if (kind_ == Database::Kind::postgresql) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      next(texts_[i]);
      add_value(texts_[i], columns_[i], row[i]);
    }
    return;
  }
  auto& text = texts_.front();
  next(text);
  for (std::size_t i = 0; i < row.size(); ++i) {
    text += i == 0 ? '[' : ',';
    add_value(text, columns_[i], row[i]);
  }
  text += ']';
}

void Array::add_value(std::string& text, const Column& column, const Value& value) const {
  if (value.is_null()) {
    text += kind_ == Database::Kind::postgresql ? "NULL" : "null";
    return;
  }
  auto* words = std::get_if<std::string>(&value.storage());
  auto* number = std::get_if<std::int64_t>(&value.storage());
  if (column.type == Type::text && words) {
    if (kind_ == Database::Kind::postgresql)
      append_element(text, *words);
    else
      append_json(text, *words);
  } else if (column.type == Type::integer && number) {
    text += fmt::format_int(*number).c_str();
  } else {
    throw std::logic_error("the array's column " + std::string(column.name) + " has another type");
  }
}

std::string Array::bind(std::string_view name, Params& params) const {
  bool postgres = kind_ == Database::Kind::postgresql;
  for (const auto& text : texts_)
    params.emplace_back((postgres ? "{" : "[") + text + (postgres ? "}" : "]"));
  auto first = params.size() - texts_.size() + 1;
  std::string values, names;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& column = columns_[i];
    const char* comma = i == 0 ? "" : ", ";
    names += fmt::format("{}{}", comma, column.name);
    if (postgres)
      values += fmt::format("{}?{}::{}[]", comma, first + i,
                            column.type == Type::text ? "text" : "bigint");
    else
      values += fmt::format("{}value ->> {} AS {}", comma, i, column.name);
  }
  if (postgres) return fmt::format("unnest({}) AS {}({})", values, name, names);
  return fmt::format("(SELECT {} FROM json_each(?{})) AS {}", values, first, name);
}

}  // namespace parley::store
