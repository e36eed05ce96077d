#pragma once
#include <span>
#include <string_view>

#include "parley/store/database.hpp"

namespace parley::store {

/// One numbered step, from migrations/NNNN_name.sql, embedded in the binary at build time. Where
/// the databases differ, NNNN_name.sqlite.sql and NNNN_name.postgresql.sql stand instead. A file is
/// a script of any number of statements; for PostgreSQL the type word BLOB is read as BYTEA.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sqlite;
  std::string_view postgresql;
};

/// All of them, in order of number. Numbers may have gaps: a step that another branch brought later
/// is applied when it comes.
std::span<const Migration> migrations();

struct MigrationReport {
  int from = 0;
  int to = 0;
};
/// Brings the schema to the newest version, each step in a transaction of its own; safe when
/// several processes start together. Errors: conflict when the database is newer than this program.
Task<MigrationReport> migrate(Database& database, std::span<const Migration> steps = migrations());

/// How many steps this database has seen, without changing it. Errors: unavailable; invalid when it was
/// never migrated.
Task<std::int64_t> applied_migrations(Database& database);

}  // namespace parley::store
