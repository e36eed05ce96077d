#include "parley/store/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::store {

Result<Listed<Row>> list_rows(Tx& tx, const Listing& listing, const Params& params) {
  auto matching = fmt::format("FROM {} WHERE {}", listing.table, listing.where);
  auto counted =
      tx.one(fmt::format("SELECT COUNT(*) AS many FROM (SELECT 1 {} LIMIT {}) AS counted", matching,
                         most_listed),
             params);
  if (!counted) return std::unexpected(counted.error());
  auto skipped = std::min(most_listed, (listing.page - 1) * listing.limit);
  auto wanted = std::min(listing.limit, most_listed - skipped);
  // Limits stand in the text, so that plans know them.
  auto rows = tx.query(fmt::format("SELECT {} {}{} LIMIT {} OFFSET {}", listing.columns, matching,
                                   listing.order, wanted, skipped),
                       params);
  if (!rows) return std::unexpected(rows.error());
  return Listed<Row>{std::move(*rows), counted->integer("many")};
}

}  // namespace parley::store
