#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "parley/base/error.hpp"

namespace parley::store {

/// A list is counted, and can be paged through, no further than this.
inline constexpr std::int64_t most_listed = 10'000;

/// SQL of a list in order of time over a table that grows without end. It is merged from stretches of
/// an index, and so reads no more rows than the pages up to this one show, however many others
/// there are.
struct Listing {
  std::string_view table;
  std::string_view columns;
  /// Conditions that exclude each other, at least one: "organization_id = ?1 AND state = 'done'".
  /// Each names all columns of an index but its last two, `time` and the id.
  std::span<const std::string> stretches;
  std::string_view time = "created_at";  ///< the column; what is equal is in order of id
  enum class Order { newest_first, oldest_first } order = Order::newest_first;
  std::int64_t page = 1;
  std::int64_t limit = 50;
};

/// "createdAt" or "-createdAt"; empty: the newest first. Errors: invalid.
Result<Listing::Order> parse_listing_order(std::string_view sort);

/// The rows of the page; none from the page on that begins at `most_listed`.
std::string listing_sql(const Listing& listing);
/// One row with `many`: how many there are, at most `most_listed`.
std::string listing_count_sql(const Listing& listing);

}  // namespace parley::store
