#pragma once
#include <libpq-fe.h>

#include "driver_tx.hpp"
#include "postgres_sql.hpp"
#include "statement_cache.hpp"

namespace parley::store {

/// One libpq connection with its prepared statements. Used by one thread at a time.
class PostgresConnection {
 public:
  /// Errors: unavailable (nobody there, refused, too old a server).
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& url);

  Result<void> begin(bool writes);
  /// outcome_unknown when the connection broke meanwhile.
  Result<void> commit();
  void rollback();

  Result<Rows> query(std::string_view sql, const Params& params);
  Result<std::int64_t> execute(std::string_view sql, const Params& params);
  Result<void> script(const std::string& sql);

  /// The worst that happened since begin().
  Trouble trouble() const noexcept { return trouble_; }
  /// Whether it was lost because its server went silent.
  bool given_up() const noexcept { return given_up_; }

 private:
  struct Finish {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
  };
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;
  struct Prepared {
    std::string name;
  };

  PostgresConnection(PGconn* handle, std::string url) : handle_(handle), url_(std::move(url)) {}
  Result<Answer> run(std::string_view sql, const Params& params);
  Result<Prepared> prepare(std::string_view sql, const Params& params);
  Result<Answer> check(Answer answer, std::string_view sql);
  Result<void> command(const char* sql);
  void forget_statements();
  /// The answer to what was sent just now, as PQexec gives it: the last one. Null when the server
  /// does not even answer at its door any more; the connection is lost then.
  Answer answer_to(int sent);
  bool server_answers() const;

  std::unique_ptr<PGconn, Finish> handle_;
  const std::string url_;
  bool given_up_ = false;  ///< an answer is still owed: nothing can be asked on it any more
  StatementCache<Prepared> statements_{256};
  /// The types tried for null parameters of statements that do not tell them.
  std::unordered_map<std::string, std::size_t> null_types_;
  std::uint64_t prepared_count_ = 0;
  Trouble trouble_ = Trouble::none;
};

class PostgresTx final : public DriverTx {
 public:
  PostgresTx(PostgresConnection& connection, Context context, WallTime now)
      : DriverTx(std::move(context), now), connection_(connection) {}
  Result<void> read_committed() override {
    return script("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  }
  std::string_view for_update() const override { return " FOR UPDATE"; }

 private:
  Result<Rows> run_query(std::string_view sql, const Params& params) override {
    return connection_.query(sql, params);
  }
  Result<std::int64_t> run_statement(std::string_view sql, const Params& params) override {
    return connection_.execute(sql, params);
  }
  Result<void> run_script(const std::string& sql) override {
    return connection_.script(postgres_types(sql));
  }

  PostgresConnection& connection_;
};

}  // namespace parley::store
