#include "parley/testkit/postgres_server.hpp"

#include <libpq-fe.h>
#include <pwd.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

#include "parley/base/clock.hpp"
#include "parley/store/migrations.hpp"
#include "parley/testkit/free_port.hpp"

namespace parley::testkit {

namespace {

namespace fs = std::filesystem;

/// Supervises the server from a process of its own, which ends it and removes the folder when the
/// orders' pipe closes: that happens however the test process ends.
constexpr const char* supervisor_script = R"(
trap '' INT TERM HUP
umask 077
start() {
  "$BIN/postgres" -D "$DIR/data" -k "$DIR" -h 127.0.0.1 -p "$PORT" -c fsync="$FSYNC" \
    -c max_connections=200 -c shared_buffers=64MB -c log_min_messages=fatal \
    -c autovacuum=off -c max_wal_size=256MB \
    >>"$DIR/log" 2>&1 <&- 3>&- &
  server=$!
}
stop() { kill -QUIT "$server" 2>/dev/null; kill -CONT "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
cd "$DIR" || exit 1
"$BIN/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D "$DIR/data" \
  >"$DIR/log" 2>&1 3>&- || { tail -n 5 "$DIR/log" >&2; echo failed >&3; exit 1; }
start
echo started >&3
while read -r word; do
  case $word in
    crash) stop ;;
    start) start ;;
    freeze) kill -STOP $server $(ps -o pid= --ppid "$server") ;;
    thaw) kill -CONT $server $(ps -o pid= --ppid "$server") ;;
  esac
  echo done >&3
done
stop
cd / && rm -rf "$DIR"
)";

fs::path find_binaries() {
  std::set<fs::path> versions;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ec))
    if (fs::exists(entry.path() / "bin/initdb") && fs::exists(entry.path() / "bin/postgres"))
      versions.insert(entry.path() / "bin");
  if (versions.empty())
    throw std::runtime_error(
        "PostgreSQL is not installed, and this test needs it: apt-get install postgresql");
  return *versions.rbegin();
}

/// PostgreSQL refuses to be root.
Account server_account() {
  Account account;
  if (account.uid != 0) return account;
  auto* entry = ::getpwnam("postgres");
  if (!entry) throw std::runtime_error("no user postgres: apt-get install postgresql");
  return {entry->pw_uid, entry->pw_gid};
}

struct Connection {
  explicit Connection(const std::string& url) : handle(PQconnectdb(url.c_str())) {}
  ~Connection() { PQfinish(handle); }
  void execute(const std::string& sql) {
    auto* answer = PQexec(handle, sql.c_str());
    auto status = PQresultStatus(answer);
    PQclear(answer);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      throw std::runtime_error("PostgreSQL: " + std::string(PQerrorMessage(handle)));
  }
  PGconn* handle;
};

}  // namespace

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  auto binaries = find_binaries();
  std::string name = (fs::temp_directory_path() / "parley-pg-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  folder_ = name;
  auto account = server_account();
  if (::geteuid() == 0 && ::chown(name.c_str(), account.uid, account.gid) != 0)
    throw std::runtime_error("the temporary folder cannot be given to the user postgres");
  port_ = free_port();
  launch(binaries);
}

void PostgresServer::launch(const fs::path& binaries) {
  auto* fsync = ::getenv("PARLEY_TEST_POSTGRES_FSYNC");
  std::vector<std::string> environment{"BIN=" + binaries.string(),
                                       "DIR=" + folder_.string(),
                                       "PORT=" + std::to_string(port_),
                                       "PATH=/usr/bin:/bin",
                                       "LC_ALL=C",
                                       std::string("FSYNC=") + (fsync ? fsync : "off")};
  supervisor_.start(supervisor_script, std::move(environment), server_account());
  wait_until_ready();
}

PostgresServer::~PostgresServer() = default;

void PostgresServer::crash() { supervisor_.order("crash"); }

void PostgresServer::start() {
  supervisor_.order("start");
  wait_until_ready();
}

void PostgresServer::freeze() { supervisor_.order("freeze"); }

void PostgresServer::thaw() {
  supervisor_.order("thaw");
  wait_until_ready();
}

void PostgresServer::wait_until_ready() const {
  auto where = url("postgres");
  supervisor_.wait_until([&] { return PQping(where.c_str()) == PQPING_OK; }, folder_ / "log");
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

void PostgresServer::execute(const std::string& sql) { Connection(url("postgres")).execute(sql); }

std::string PostgresServer::make_empty_database() {
  auto name = "test_" + std::to_string(++made_);
  execute("CREATE DATABASE " + name + " STRATEGY FILE_COPY");
  return name;
}

std::string PostgresServer::make_database() {
  if (!template_ready_) {
    execute("CREATE DATABASE migrated");
    SystemClock clock;
    auto database = store::open_postgres(clock, {.url = url("migrated"), .connections = 1}).value();
    asio::io_context io;
    std::string problem;
    auto body = [](store::Database& db, std::string& out) -> asio::awaitable<void> {
      auto work = store::migrate(db);
      auto done = co_await std::move(work);
      if (!done) out = done.error().detail;
    };
    asio::co_spawn(io, body(*database, problem), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    io.run();
    if (!problem.empty()) throw std::runtime_error("migrating the template: " + problem);
    template_ready_ = true;
  }
  auto name = "test_" + std::to_string(++made_);
  execute("CREATE DATABASE " + name + " TEMPLATE migrated STRATEGY FILE_COPY");
  return name;
}

void PostgresServer::drop_database(const std::string& name) {
  execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
}

}  // namespace parley::testkit
