#include "parley/store/listing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace parley::store {

namespace {

std::string order_of(const Listing& listing) {
  auto direction = listing.order == Listing::Order::newest_first ? "DESC" : "ASC";
  return fmt::format(" ORDER BY {} {}, id {}", listing.time, direction, direction);
}

/// The keys of one stretch, then of the next. Limits stand in the text, so that plans know them,
/// and the order is asked for even to count: it is what makes the index the way to go.
std::string merged(const Listing& listing, std::int64_t most) {
  std::string all;
  int number = 0;
  for (const auto& stretch : listing.stretches) {
    if (number > 0) all += " UNION ALL ";
    all += fmt::format(
        "SELECT id, {0} FROM (SELECT id, {0} FROM {1} WHERE {2}{3} LIMIT {4}) AS stretch{5}",
        listing.time, listing.table, stretch, order_of(listing), most, number++);
  }
  return all;
}

}  // namespace

Result<Listing::Order> parse_listing_order(std::string_view sort) {
  if (sort.empty() || sort == "-createdAt") return Listing::Order::newest_first;
  if (sort == "createdAt") return Listing::Order::oldest_first;
  return fail(Errc::invalid, "sort: there is no such field");
}

std::string listing_sql(const Listing& listing) {
  auto skipped = std::min(most_listed, (listing.page - 1) * listing.limit);
  auto most = std::min(most_listed, skipped + listing.limit);
  return fmt::format(
      "SELECT {} FROM {} WHERE id IN (SELECT id FROM ({}) AS merged{} LIMIT {} OFFSET {}){}",
      listing.columns, listing.table, merged(listing, most), order_of(listing), most - skipped,
      skipped, order_of(listing));
}

std::string listing_count_sql(const Listing& listing) {
  return fmt::format(
      "SELECT COUNT(*) AS many FROM (SELECT id FROM ({}) AS merged LIMIT {}) "
      "AS counted",
      merged(listing, most_listed), most_listed);
}

}  // namespace parley::store
