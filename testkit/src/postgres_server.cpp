#include "parley/testkit/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <thread>

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
stop() { kill -QUIT "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
cd "$DIR" || exit 1
"$BIN/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D "$DIR/data" \
  >"$DIR/log" 2>&1 3>&- || { tail -n 5 "$DIR/log" >&2; echo failed >&3; exit 1; }
start
echo started >&3
while read -r word; do
  case $word in
    crash) stop ;;
    start) start ;;
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

/// Who runs the server: PostgreSQL refuses to be root.
struct Account {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
};

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

std::string read_line(int descriptor) {
  std::string line;
  for (char c = 0; ::read(descriptor, &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

/// Makes the supervisor of the child process. Only async-signal-safe calls: the test process may
/// have threads.
[[noreturn]] void become_supervisor(Account account, int orders, int answers, char* const* argv,
                                    char* const* environment) {
  ::setsid();
  bool good = ::dup2(orders, 0) == 0 && ::dup2(answers, 3) == 3;
  if (good && ::geteuid() == 0)
    good = ::setgroups(0, nullptr) == 0 && ::setgid(account.gid) == 0 && ::setuid(account.uid) == 0;
  if (good) ::execve("/bin/sh", argv, environment);
  ::_exit(127);
}

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
  int orders[2];
  int answers[2];
  // The child's ends must not be 0 to 3, where it puts them.
  if (::pipe2(orders, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  int child_orders = ::fcntl(orders[0], F_DUPFD_CLOEXEC, 10);
  int child_answers = ::fcntl(answers[1], F_DUPFD_CLOEXEC, 10);
  auto* fsync = ::getenv("PARLEY_TEST_POSTGRES_FSYNC");
  std::vector<std::string> texts{"BIN=" + binaries.string(),
                                 "DIR=" + folder_.string(),
                                 "PORT=" + std::to_string(port_),
                                 "PATH=/usr/bin:/bin",
                                 "LC_ALL=C",
                                 std::string("FSYNC=") + (fsync ? fsync : "off")};
  std::vector<char*> environment;
  for (auto& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);
  std::string shell = "sh", option = "-c", script = supervisor_script;
  char* argv[] = {shell.data(), option.data(), script.data(), nullptr};
  auto account = server_account();
  supervisor_ = ::fork();
  if (supervisor_ == 0)
    become_supervisor(account, child_orders, child_answers, argv, environment.data());
  for (int end : {orders[0], answers[1], child_orders, child_answers}) ::close(end);
  orders_ = orders[1];
  answers_ = answers[0];
  if (supervisor_ < 0 || read_line(answers_) != "started") {
    close();
    throw std::runtime_error("PostgreSQL's initdb failed");
  }
  wait_until_ready();
}

PostgresServer::~PostgresServer() { close(); }

void PostgresServer::close() {
  if (orders_ >= 0) ::close(orders_);
  if (answers_ >= 0) ::close(answers_);
  if (supervisor_ > 0) ::waitpid(supervisor_, nullptr, 0);
  orders_ = answers_ = -1;
  supervisor_ = 0;
}

void PostgresServer::order(const std::string& word) {
  auto line = word + "\n";
  if (::write(orders_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      read_line(answers_) != "done")
    throw std::runtime_error("PostgreSQL's supervisor is gone");
}

void PostgresServer::crash() { order("crash"); }

void PostgresServer::start() {
  order("start");
  wait_until_ready();
}

void PostgresServer::wait_until_ready() const {
  using namespace std::chrono_literals;
  auto give_up = std::chrono::steady_clock::now() + 60s;
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > give_up)
      throw std::runtime_error("PostgreSQL did not start; see " + (folder_ / "log").string());
    std::this_thread::sleep_for(10ms);
  }
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
