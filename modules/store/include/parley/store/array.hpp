#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/store/database.hpp"

namespace parley::store {

/// Rows that a statement reads like a table. Its text is the same for any number of them, so it is
/// prepared once, and many rows are inserted, or found and changed, on one way to the database:
///
///   Array ended(db.kind(), {{"ended_id"}, {"ended_fence", Array::Type::integer}});
///   for (const auto& lease : leases) ended.add({lease.id, lease.fence});
///   Params params{tx.now()};
///   auto rows = ended.bind("ended", params);
///   tx.execute("UPDATE " + table + " SET finished_at = ?1 FROM " + rows +
///              " WHERE id = ended_id AND fence = ended_fence", std::move(params));
///
/// PostgreSQL gets an array of each column and unnests them, SQLite gets a JSON text. Rows come in
/// the order in which they were added. Text with zero bytes or broken UTF-8 is `invalid`, as in any
/// parameter. All of it is in memory twice: a few hundred rows a statement.
///
/// SQLite takes what follows a table's name in INSERT ... SELECT for a join: write WHERE true
/// before ON CONFLICT. RETURNING names columns of the changed table alone, and PostgreSQL finds a
/// name ambiguous that both have: so give the columns names of their own.
class Array {
 public:
  enum class Type { text, integer };
  struct Column {
    std::string_view name;  ///< outlives the array
    Type type = Type::text;
  };
  Array(Database::Kind kind, std::vector<Column> columns);

  /// One value for each column, of its type or null; anything else throws std::logic_error.
  void add(const Params& row);

  /// What stands in FROM: the rows as a table called `name`. They become further parameters, so the
  /// statement's own come first.
  std::string bind(std::string_view name, Params& params) const;

 private:
  void add_value(std::string& text, const Column& column, const Value& value) const;

  Database::Kind kind_;
  std::vector<Column> columns_;
  std::vector<std::string> texts_;  ///< of each column; on SQLite, one of all rows
};

}  // namespace parley::store
