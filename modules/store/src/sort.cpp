#include "parley/store/sort.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::store {

Result<std::string> order_by(std::string_view sort, std::span<const SortField> fields,
                             std::string_view otherwise, std::string_view tie) {
  if (sort.empty()) return fmt::format(" ORDER BY {}", otherwise);
  bool descending = sort.starts_with('-');
  auto name = descending ? sort.substr(1) : sort;
  auto field = std::ranges::find(fields, name, &SortField::name);
  if (field == fields.end()) return fail(Errc::invalid, "sort: there is no such field");
  std::string_view direction = descending ? "DESC" : "ASC";
  return fmt::format(" ORDER BY {} {}, {} {}", field->column, direction, tie, direction);
}

}  // namespace parley::store
