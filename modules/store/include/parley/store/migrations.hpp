#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/store/database.hpp"

namespace parley::store {

/// One numbered step, from migrations/NNNN_name.sql, embedded in the binary at build time. Where
/// the databases differ, NNNN_name.sqlite.sql and NNNN_name.postgresql.sql stand instead.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sqlite;
  std::string_view postgresql;
};

/// All of them, in order.
std::span<const Migration> migrations();

struct MigrationReport {
  int from = 0;
  int to = 0;
};
/// Brings the schema to the newest version, each step in a transaction of its own; safe when
/// several processes start together. Errors: conflict when the database is newer than this program.
Task<MigrationReport> migrate(Database& database);

}  // namespace parley::store
