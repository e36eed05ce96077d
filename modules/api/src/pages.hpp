#pragma once
#include "parley/store/listing.hpp"
#include "route.hpp"

namespace parley::api {

/// A page of a short list that is read whole, the oldest first.
template <class Item, class Show>
Reply page_of_short(const std::vector<Item>& all, Request& in, Show show) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  auto total = static_cast<std::int64_t>(all.size());
  bool newest_first = in.query.text("sort").starts_with('-');
  json::array items;
  for (auto at = (page - 1) * limit; at < std::min(total, page * limit); ++at)
    items.push_back(show(all[static_cast<std::size_t>(newest_first ? total - 1 - at : at)]));
  return Reply{.data = std::move(items), .pagination = page_of(page, limit, total)};
}

/// A page of a list that is counted only so far; then it says that there may be more.
template <class Item, class Show>
Reply page_of_long(const store::Listed<Item>& found, std::int64_t page, std::int64_t limit,
                   Show show) {
  json::array items;
  for (const auto& item : found.items) items.push_back(show(item));
  auto pagination = page_of(page, limit, found.total);
  if (!found.counted_all()) pagination["totalIsAtLeast"] = true;
  return Reply{.data = std::move(items), .pagination = std::move(pagination)};
}

}  // namespace parley::api
