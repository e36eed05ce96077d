#pragma once
#include <span>
#include <string_view>

#include "parley/store/sort.hpp"
#include "parley/store/tx.hpp"

namespace parley::webhooks {

/// A page of the organization's rows in one table, filtered by what columns equal.
class PagedRows {
 public:
  PagedRows(store::Tx& tx, std::string_view table);

  void only(std::string_view column, std::string_view value);

  struct Page {
    store::Rows rows;
    std::int64_t total = 0;  ///< on all pages
  };
  struct Which {
    std::int64_t page = 1;
    std::int64_t limit = 50;
    std::string_view sort;  ///< as store::order_by takes it; empty: the newest first
  };
  /// Errors: invalid (a field that is not among `fields`).
  Result<Page> read(Which which, std::span<const store::SortField> fields);

 private:
  store::Tx& tx_;
  std::string where_;
  store::Params params_;
};

}  // namespace parley::webhooks
