#include "sqlite_connection.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace parley::store {

namespace {

constexpr int busy_timeout_ms = 5000;

bool no_room(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/// Nothing when the code can only come from a wrong program.
std::optional<Errc> code_of(int extended, int system_error) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Errc::conflict;
    default:
      break;
  }
  switch (extended & 0xFF) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Errc::invalid;
    case SQLITE_TOOBIG:
      return Errc::too_large;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Errc::resource_exhausted;
    case SQLITE_IOERR:
      // The failure of a write is said again to what comes after it in the transaction, then
      // without an error of the system. A disk that is broken or read-only has one.
      if (extended == SQLITE_IOERR_WRITE && system_error == 0) return Errc::resource_exhausted;
      return no_room(system_error) ? Errc::resource_exhausted : Errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::corrupt;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_READONLY:
      return std::nullopt;
    default:
      return Errc::unavailable;
  }
}

int bind_value(sqlite3_stmt* statement, int index, const Value& value) {
  struct Bind {
    sqlite3_stmt* statement;
    int index;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(statement, index, v); }
    int operator()(double v) const { return sqlite3_bind_double(statement, index, v); }
    // The parameters live until the statement has run.
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(statement, index, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(const Value::Blob& v) const {
      if (v.empty()) return sqlite3_bind_zeroblob(statement, index, 0);
      return sqlite3_bind_blob64(statement, index, v.data(), v.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Bind{statement, index}, value.storage());
}

Value column(sqlite3_stmt* statement, int index) {
  auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, index)); };
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return Value(static_cast<std::int64_t>(sqlite3_column_int64(statement, index)));
    case SQLITE_FLOAT:
      return Value(sqlite3_column_double(statement, index));
    case SQLITE_TEXT: {
      auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return Value(std::string(text, size()));
    }
    case SQLITE_BLOB: {
      auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, index));
      return Value(Value::Blob(bytes, bytes + size()));
    }
    default:
      return Value();
  }
}

std::shared_ptr<const std::vector<std::string>> column_names(sqlite3_stmt* statement) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (int i = 0; i < sqlite3_column_count(statement); ++i)
    names->emplace_back(sqlite3_column_name(statement, i));
  return names;
}

/// A statement holds locks until it is reset.
struct ResetWhenDone {
  sqlite3_stmt* statement;
  ~ResetWhenDone() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::filesystem::path& file,
                                                                 Access access) {
  sqlite3* handle = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::write) flags |= SQLITE_OPEN_CREATE;
  int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code != SQLITE_OK) return std::unexpected(connection->error(code, "open"));
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  if (auto ready = connection->configure(access); !ready) return std::unexpected(ready.error());
  return connection;
}

Result<void> SqliteConnection::configure(Access access) {
  // Reading the schema finds a file that is no database, or one with a broken head.
  const char* writer =
      "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; "
      "SELECT count(*) FROM sqlite_schema;";
  const char* reader = "PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema;";
  return script(access == Access::write ? writer : reader);
}

Error SqliteConnection::error(int code, std::string_view sql) const {
  auto* handle = handle_.get();
  int system_error = handle ? sqlite3_system_errno(handle) : 0;
  std::string detail = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  auto mapped = code_of(code, system_error);
  if (!mapped) throw std::logic_error("SQLite: " + detail + " in: " + std::string(sql));
  if ((code & 0xFF) == SQLITE_IOERR)
    detail += fmt::format(" ({}, {})", code, std::generic_category().message(system_error));
  return Error{*mapped, "SQLite: " + detail};
}

Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view sql, const Params& params) {
  sqlite3_stmt* statement = nullptr;
  if (auto* cached = statements_.find(sql)) {
    statement = cached->get();
  } else {
    const char* tail = nullptr;
    int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &statement, &tail);
    if (code != SQLITE_OK) return std::unexpected(error(code, sql));
    Statement owned(statement);
    auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    if (!owned || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos)
      throw std::logic_error("not exactly one statement: " + std::string(sql));
    statements_.insert(std::string(sql), std::move(owned));
  }
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(params.size()))
    throw std::logic_error("wrong number of parameters for: " + std::string(sql));
  for (std::size_t i = 0; i < params.size(); ++i) {
    int code = bind_value(statement, static_cast<int>(i) + 1, params[i]);
    if (code != SQLITE_OK) return std::unexpected(error(code, sql));
  }
  return statement;
}

Result<Rows> SqliteConnection::query(std::string_view sql, const Params& params) {
  auto prepared = prepare(sql, params);
  if (!prepared) return std::unexpected(prepared.error());
  auto* statement = *prepared;
  ResetWhenDone reset{statement};
  Rows rows;
  std::shared_ptr<const std::vector<std::string>> names;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!names) names = column_names(statement);
    std::vector<Value> values;
    values.reserve(names->size());
    for (int i = 0; i < static_cast<int>(names->size()); ++i)
      values.push_back(column(statement, i));
    rows.emplace_back(names, std::move(values));
  }
  if (code != SQLITE_DONE) return std::unexpected(error(code, sql));
  return rows;
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql, const Params& params) {
  auto prepared = prepare(sql, params);
  if (!prepared) return std::unexpected(prepared.error());
  ResetWhenDone reset{*prepared};
  // Statements that change no rows leave sqlite3_changes64() as the one before set it.
  auto before = sqlite3_total_changes64(handle_.get());
  int code = SQLITE_OK;
  while ((code = sqlite3_step(*prepared)) == SQLITE_ROW) continue;
  if (code != SQLITE_DONE) return std::unexpected(error(code, sql));
  if (sqlite3_total_changes64(handle_.get()) == before) return std::int64_t{0};
  return static_cast<std::int64_t>(sqlite3_changes64(handle_.get()));
}

Result<void> SqliteConnection::script(const std::string& sql) {
  int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code, sql));
  return {};
}

}  // namespace parley::store
