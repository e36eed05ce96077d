#include "parley/store/migrations.hpp"

#include "driver_tx.hpp"

namespace parley::store {

namespace {

/// Any number, as long as nobody else uses it in the same database.
constexpr std::string_view postgres_lock =
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; "
    "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(7021982316)";
constexpr std::string_view create_table =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT NOT NULL PRIMARY KEY, "
    "name TEXT NOT NULL, applied_at TEXT NOT NULL)";

/// After a dump is restored into another PostgreSQL cluster, transaction numbers start again low:
/// new events would sort before old ones. The offset keeps the order going.
constexpr std::string_view postgres_clock =
    "UPDATE event_clock SET transaction_offset = (SELECT MAX(transaction_id) FROM events) "
    "WHERE (SELECT MAX(transaction_id) FROM events) >= "
    "transaction_offset + pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

struct Progress {
  int from = 0;
  int at = 0;
  bool finished = false;
};

DriverTx& driver(Tx& tx) { return dynamic_cast<DriverTx&>(tx); }

/// One step in one transaction. Whoever holds the lock sees what the others have done: on
/// PostgreSQL because each statement looks anew, on SQLite because the file is locked.
Result<Progress> step(Tx& tx, Database::Kind kind, std::span<const Migration> steps) {
  bool postgres = kind == Database::Kind::postgresql;
  if (postgres) {
    if (auto locked = driver(tx).script(std::string(postgres_lock)); !locked)
      return std::unexpected(locked.error());
  }
  if (auto made = driver(tx).script(std::string(create_table)); !made)
    return std::unexpected(made.error());
  auto rows = tx.query("SELECT number FROM schema_migrations ORDER BY number");
  if (!rows) return std::unexpected(rows.error());
  std::set<int> applied;
  for (const auto& row : *rows) applied.insert(static_cast<int>(row.integer("number")));

  Progress progress;
  progress.from = progress.at = applied.empty() ? 0 : *applied.rbegin();
  if (!steps.empty() && progress.at > steps.back().number)
    return fail(Errc::conflict, "the database was made by a newer version of this program");
  auto missing = [&](const Migration& m) { return !applied.contains(m.number); };
  auto next = std::ranges::find_if(steps, missing);
  if (next == steps.end()) {
    progress.finished = true;
    if (!postgres) return progress;
    if (auto set = driver(tx).script(std::string(postgres_clock)); !set)
      return std::unexpected(set.error());
    return progress;
  }
  auto& sql = postgres ? next->postgresql : next->sqlite;
  if (auto done = driver(tx).script(std::string(sql)); !done)
    return fail(done.error().code,
                "migration " + std::string(next->name) + ": " + done.error().detail);
  auto noted = tx.execute(
      "INSERT INTO schema_migrations (number, name, applied_at) "
      "VALUES (?1, ?2, ?3)",
      {next->number, next->name, tx.now()});
  if (!noted) return std::unexpected(noted.error());
  progress.at = std::max(progress.at, next->number);
  return progress;
}

}  // namespace

Task<std::int64_t> applied_migrations(Database& database) {
  bool embedded = database.kind() == Database::Kind::sqlite;
  std::string_view tables = embedded
                                ? "SELECT COUNT(*) AS present FROM sqlite_master WHERE name = ?1"
                                : "SELECT COUNT(*) AS present FROM information_schema.tables "
                                  "WHERE table_schema = current_schema() AND table_name = ?1";
  auto look = [tables](Tx& tx) -> Result<std::int64_t> {
    auto table = tx.one(tables, {"schema_migrations"});
    if (!table) return std::unexpected(table.error());
    if (table->integer("present") == 0)
      return fail(Errc::invalid, "the database was never migrated");
    auto row = tx.one("SELECT COUNT(*) AS applied FROM schema_migrations");
    if (!row) return std::unexpected(row.error());
    return row->integer("applied");
  };
  auto reading = database.read(Context{}, look);
  co_return co_await std::move(reading);
}

Task<MigrationReport> migrate(Database& database, std::span<const Migration> steps) {
  std::optional<MigrationReport> report;
  while (true) {
    auto kind = database.kind();
    auto change = [kind, steps](Tx& tx) { return step(tx, kind, steps); };
    auto progress = co_await database.write(Context{}, change);
    if (!progress) co_return std::unexpected(progress.error());
    if (!report) report = MigrationReport{progress->from, progress->from};
    report->to = progress->at;
    if (progress->finished) co_return *report;
  }
}

}  // namespace parley::store
