#pragma once
#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "driver_tx.hpp"
#include "statement_cache.hpp"

namespace parley::store {

/// One SQLite handle with its prepared statements. Used by one thread at a time.
class SqliteConnection {
 public:
  enum class Access { write, read };
  /// Errors: corrupt, unavailable.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::filesystem::path& file,
                                                        Access access);

  Result<Rows> query(std::string_view sql, const Params& params = {});
  Result<std::int64_t> execute(std::string_view sql, const Params& params = {});
  Result<void> script(const std::string& sql);
  /// False also when SQLite itself rolled the transaction back (disk full, I/O error).
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

 private:
  struct CloseHandle {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}
  Result<void> configure(Access access);
  Result<sqlite3_stmt*> prepare(std::string_view sql, const Params& params);
  /// Throws std::logic_error for what no data can cause.
  Error error(int code, std::string_view sql) const;

  std::unique_ptr<sqlite3, CloseHandle> handle_;
  StatementCache<Statement> statements_{256};
};

class SqliteTx final : public DriverTx {
 public:
  SqliteTx(SqliteConnection& connection, Context context, WallTime now)
      : DriverTx(std::move(context), now), connection_(connection) {}

 private:
  Result<Rows> run_query(std::string_view sql, const Params& params) override {
    return connection_.query(sql, params);
  }
  Result<std::int64_t> run_statement(std::string_view sql, const Params& params) override {
    return connection_.execute(sql, params);
  }
  Result<void> run_script(const std::string& sql) override { return connection_.script(sql); }

  SqliteConnection& connection_;
};

}  // namespace parley::store
