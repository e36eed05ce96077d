#include "paged_rows.hpp"

namespace parley::webhooks {

PagedRows::PagedRows(store::Tx& tx, std::string_view table)
    : tx_(tx),
      where_(" FROM " + std::string(table) + " WHERE organization_id = ?1"),
      params_{tx.context().organization} {}

void PagedRows::only(std::string_view column, std::string_view value) {
  params_.emplace_back(value);
  where_ += " AND " + std::string(column) + " = ?" + std::to_string(params_.size());
}

Result<PagedRows::Page> PagedRows::read(Which which, std::span<const store::SortField> fields) {
  auto order = store::order_by(which.sort, fields, "id DESC");
  if (!order) return std::unexpected(order.error());
  auto total = tx_.one("SELECT COUNT(*) AS many" + where_, params_);
  if (!total) return std::unexpected(total.error());
  auto params = params_;
  params.emplace_back(which.limit);
  params.emplace_back((which.page - 1) * which.limit);
  auto rows =
      tx_.query("SELECT *" + where_ + *order + " LIMIT ?" + std::to_string(params.size() - 1) +
                    " OFFSET ?" + std::to_string(params.size()),
                params);
  if (!rows) return std::unexpected(rows.error());
  return Page{std::move(*rows), total->integer("many")};
}

}  // namespace parley::webhooks
