#include "postgres_connection.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <stdexcept>

namespace parley::store {

namespace {

constexpr Oid bytes_type = 17, integer_type = 20, text_type = 25, real_type = 701;
/// Nothing: the server infers it, which works unless the parameter only meets IS NULL first.
constexpr std::array<Oid, 3> null_type_candidates{0, text_type, integer_type};
constexpr int oldest_server = 130000;  // xid8 functions
/// A statement that says nothing for this long may be at work, or its server may be gone: then it
/// is asked at its door, and who does not answer there within two seconds is away.
constexpr int silence_ms = 1000;

/// The parameters in libpq's form: text and bytes as they are, numbers as text.
struct Bound {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  std::deque<std::string> numbers;

  void add(Oid type, const char* value, std::size_t length, int format) {
    types.push_back(type);
    values.push_back(value);
    lengths.push_back(static_cast<int>(length));
    formats.push_back(format);
  }
  void add_number(Oid type, std::string number) {
    numbers.push_back(std::move(number));
    add(type, numbers.back().c_str(), numbers.back().size(), 0);
  }
};

Bound bind_params(const Params& params, Oid null_type) {
  struct Bind {
    Bound& bound;
    Oid null_type;
    void operator()(std::monostate) const { bound.add(null_type, nullptr, 0, 0); }
    void operator()(std::int64_t v) const { bound.add_number(integer_type, fmt::format("{}", v)); }
    void operator()(double v) const { bound.add_number(real_type, fmt::format("{}", v)); }
    void operator()(const std::string& v) const { bound.add(text_type, v.data(), v.size(), 1); }
    void operator()(const Value::Blob& v) const {
      // A null pointer would be a null.
      auto* bytes = v.empty() ? "" : reinterpret_cast<const char*>(v.data());
      bound.add(bytes_type, bytes, v.size(), 1);
    }
  };
  Bound bound;
  for (const auto& param : params) std::visit(Bind{bound, null_type}, param.storage());
  return bound;
}

/// The same text with other parameter types is another prepared statement.
std::string cache_key(std::string_view sql, std::span<const Oid> types) {
  std::string key(sql);
  for (auto type : types) {
    key.push_back('\0');
    key.append(std::to_string(type));
  }
  return key;
}

std::string trimmed(const char* message) {
  std::string text(message ? message : "no message");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url) {
  // Before the address: what it may override. After it: what it may not.
  const char* keywords[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                            "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                            "dbname",           "client_encoding",  nullptr};
  const char* values[] = {"3", "10", "5", "3", "20000", "parley", url.c_str(), "UTF8", nullptr};
  std::unique_ptr<PostgresConnection> connection(
      new PostgresConnection(PQconnectdbParams(keywords, values, 1), url));
  auto* handle = connection->handle_.get();
  if (PQstatus(handle) != CONNECTION_OK)
    return fail(Errc::unavailable, "PostgreSQL: " + trimmed(PQerrorMessage(handle)));
  if (PQserverVersion(handle) < oldest_server)
    return fail(Errc::unavailable, "PostgreSQL 13 or newer is needed");
  PQsetNoticeProcessor(handle, [](void*, const char*) {}, nullptr);
  auto ready = connection->command(
      "SET TIME ZONE 'UTC'; SET bytea_output = 'hex'; SET standard_conforming_strings = on; "
      "SET statement_timeout = '30s'; SET lock_timeout = '10s'; "
      "SET idle_in_transaction_session_timeout = '60s'");
  if (!ready) return std::unexpected(ready.error());
  return connection;
}

bool PostgresConnection::server_answers() const {
  const char* keywords[] = {"connect_timeout", "dbname", nullptr};
  const char* values[] = {"2", url_.c_str(), nullptr};
  return PQpingParams(keywords, values, 1) != PQPING_NO_RESPONSE;
}

PostgresConnection::Answer PostgresConnection::answer_to(int sent) {
  auto* handle = handle_.get();
  Answer last;
  if (sent == 0) return last;
  while (true) {
    while (PQisBusy(handle)) {
      pollfd socket{PQsocket(handle), POLLIN, 0};
      auto ready = poll(&socket, 1, silence_ms);
      if (ready == 0 && !server_answers()) {
        given_up_ = true;
        return nullptr;
      }
      if (ready > 0 && !PQconsumeInput(handle)) break;
    }
    Answer next(PQgetResult(handle));
    if (!next) return last;
    last = std::move(next);
    if (PQstatus(handle) != CONNECTION_OK) return last;
  }
}

Result<PostgresConnection::Answer> PostgresConnection::check(Answer answer, std::string_view sql) {
  auto status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return answer;
  auto* state = PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE);
  auto* message = PQresultErrorField(answer.get(), PG_DIAG_MESSAGE_PRIMARY);
  std::string detail = trimmed(message ? message : PQerrorMessage(handle_.get()));
  auto what = classify(state ? state : "08006", detail);
  if (given_up_) detail = "the server does not answer";
  if (given_up_ || PQstatus(handle_.get()) != CONNECTION_OK)
    what = {Trouble::lost, Errc::unavailable};
  trouble_ = std::max(trouble_, what.trouble);
  if (what.bug) throw std::logic_error("PostgreSQL: " + detail + " in: " + std::string(sql));
  return fail(what.code, "PostgreSQL: " + detail);
}

Result<void> PostgresConnection::command(const char* sql) {
  auto answer = check(answer_to(PQsendQuery(handle_.get(), sql)), sql);
  if (!answer) return std::unexpected(answer.error());
  return {};
}

Result<void> PostgresConnection::begin(bool writes) {
  if (trouble_ == Trouble::replan) forget_statements();
  trouble_ = Trouble::none;
  // Serializable: what a function has read still holds when it commits, as on SQLite with its one
  // writer. So a check followed by an insert (a free slot, a balance) is right on both.
  return command(writes ? "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
                        : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Result<void> PostgresConnection::commit() {
  auto committed = command("COMMIT");
  if (committed) return committed;
  if (trouble_ == Trouble::lost)
    return fail(Errc::outcome_unknown, "the connection broke during the commit");
  return committed;
}

void PostgresConnection::rollback() {
  if (!given_up_ && PQstatus(handle_.get()) == CONNECTION_OK &&
      PQtransactionStatus(handle_.get()) != PQTRANS_IDLE)
    answer_to(PQsendQuery(handle_.get(), "ROLLBACK"));
}

void PostgresConnection::forget_statements() {
  answer_to(PQsendQuery(handle_.get(), "DEALLOCATE ALL"));
  statements_.clear();
}

Result<PostgresConnection::Prepared> PostgresConnection::prepare(std::string_view sql,
                                                                 const Params& params) {
  auto& attempt = null_types_[std::string(sql)];
  auto types = bind_params(params, null_type_candidates[attempt]).types;
  auto key = cache_key(sql, types);
  if (auto* cached = statements_.find(key)) return *cached;
  Prepared prepared{fmt::format("s{}", ++prepared_count_)};
  auto translated = numbered_parameters(sql);
  if (translated.parameters != params.size())
    throw std::logic_error("wrong number of parameters for: " + std::string(sql));
  auto has_null = std::ranges::any_of(params, [](const auto& p) { return p.is_null(); });
  try {
    auto answer =
        check(answer_to(PQsendPrepare(handle_.get(), prepared.name.c_str(), translated.sql.c_str(),
                                      static_cast<int>(types.size()), types.data())),
              sql);
    if (!answer) return std::unexpected(answer.error());
  } catch (const std::logic_error&) {
    if (trouble_ != Trouble::retype || !has_null || attempt + 1 >= null_type_candidates.size()) {
      trouble_ = Trouble::none;
      throw;
    }
    ++attempt;
    return fail(Errc::unavailable, "a null parameter of unknown type");
  }
  auto [stored, dropped] = statements_.insert(std::move(key), prepared);
  if (dropped) answer_to(PQsendQuery(handle_.get(), ("DEALLOCATE " + dropped->name).c_str()));
  return *stored;
}

Result<PostgresConnection::Answer> PostgresConnection::run(std::string_view sql,
                                                           const Params& params) {
  auto prepared = prepare(sql, params);
  if (!prepared) return std::unexpected(prepared.error());
  auto bound = bind_params(params, 0);
  auto sent = PQsendQueryPrepared(handle_.get(), prepared->name.c_str(),
                                  static_cast<int>(bound.values.size()), bound.values.data(),
                                  bound.lengths.data(), bound.formats.data(), 0);
  return check(answer_to(sent), sql);
}

Result<Rows> PostgresConnection::query(std::string_view sql, const Params& params) {
  auto answer = run(sql, params);
  if (!answer) return std::unexpected(answer.error());
  auto* table = answer->get();
  auto names = std::make_shared<std::vector<std::string>>();
  int columns = PQnfields(table);
  for (int c = 0; c < columns; ++c) names->emplace_back(PQfname(table, c));
  Rows rows;
  rows.reserve(static_cast<std::size_t>(PQntuples(table)));
  for (int r = 0; r < PQntuples(table); ++r) {
    std::vector<Value> values;
    values.reserve(names->size());
    for (int c = 0; c < columns; ++c) {
      std::string_view text(PQgetvalue(table, r, c),
                            static_cast<std::size_t>(PQgetlength(table, r, c)));
      values.push_back(PQgetisnull(table, r, c) ? Value()
                                                : postgres_value(PQftype(table, c), text));
    }
    rows.emplace_back(names, std::move(values));
  }
  return rows;
}

Result<std::int64_t> PostgresConnection::execute(std::string_view sql, const Params& params) {
  auto answer = run(sql, params);
  if (!answer) return std::unexpected(answer.error());
  std::string_view changed = PQcmdTuples(answer->get());
  return std::strtoll(std::string(changed).c_str(), nullptr, 10);
}

Result<void> PostgresConnection::script(const std::string& sql) { return command(sql.c_str()); }

}  // namespace parley::store
