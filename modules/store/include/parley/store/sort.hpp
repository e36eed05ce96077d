#pragma once
#include <span>
#include <string>
#include <string_view>

#include "parley/base/error.hpp"

namespace parley::store {

/// A name that a list may be sorted by, and the column it means.
struct SortField {
  std::string_view name;
  std::string_view column;
};

/// " ORDER BY ..." of a list. `sort` is a field's name, with "-" before it the greatest first; what
/// is equal is ordered by `tie`, the same way, so that pages neither repeat nor skip a row. Empty:
/// `otherwise`. Errors: invalid (a field that is not among `fields`).
Result<std::string> order_by(std::string_view sort, std::span<const SortField> fields,
                             std::string_view otherwise, std::string_view tie = "id");

}  // namespace parley::store
