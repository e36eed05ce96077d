#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "parley/store/tx.hpp"

namespace parley::store {

/// A list is counted, and can be paged through, no further than this.
inline constexpr std::int64_t most_listed = 10'000;

/// A page of a table that grows without end. Give the table an index of the columns that bound and
/// order the list and never change; what else `where` asks is looked at row by row.
struct Listing {
  std::string_view table;
  std::string_view columns;
  std::string where;  ///< "organization_id = ?1 AND state = ?2"
  std::string order;  ///< as order_by() makes it
  std::int64_t page = 1;
  std::int64_t limit = 50;
};

template <class Item>
struct Listed {
  std::vector<Item> items;  ///< none from the page on that begins at `most_listed`
  std::int64_t total = 0;   ///< at most `most_listed`, which then means: or more
  bool counted_all() const noexcept { return total < most_listed; }
};

Result<Listed<Row>> list_rows(Tx& tx, const Listing& listing, const Params& params);

/// `read` makes an item of a row.
template <class Read>
auto list(Tx& tx, const Listing& listing, const Params& params, Read read)
    -> Result<Listed<std::invoke_result_t<Read&, const Row&>>> {
  auto rows = list_rows(tx, listing, params);
  if (!rows) return std::unexpected(rows.error());
  Listed<std::invoke_result_t<Read&, const Row&>> listed{.items = {}, .total = rows->total};
  for (const auto& row : rows->items) listed.items.push_back(read(row));
  return listed;
}

}  // namespace parley::store
