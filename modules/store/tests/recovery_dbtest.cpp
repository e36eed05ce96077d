// What happens when the process, the server, the disk or the file fails.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <fstream>

#include "parley/testkit/database_test.hpp"
#include "parley/testkit/postgres_server.hpp"

namespace parley::store {
namespace {

constexpr const char* child_url = "PARLEY_TEST_CHILD_URL";
constexpr const char* child_base = "PARLEY_TEST_CHILD_BASE";

asio::awaitable<void> write_rows(Database& db, std::int64_t from, std::int64_t step) {
  for (std::int64_t row = from;; row += step) {
    auto insert = [row](Tx& tx) {
      return tx.execute("INSERT INTO numbers (n) VALUES (?1)", {row});
    };
    auto work = db.write(Context{}, insert);
    auto done = co_await std::move(work);
    if (!done) ::_exit(3);
    auto line = std::to_string(row) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(4);
  }
}

/// The child of the test below: writes rows for ever and prints each that was acknowledged.
TEST(ChildProcess, DISABLED_WritesRowsUntilItIsKilled) {
  auto* url = ::getenv(child_url);
  ASSERT_TRUE(url) << "only a child of AcknowledgedRowsSurviveSigkill";
  SystemClock clock;
  auto db = open_database(clock, url).value();
  asio::io_context io;
  auto base = std::stoll(::getenv(child_base));
  for (int w = 0; w < 8; ++w) asio::co_spawn(io, write_rows(*db, base + w, 8), asio::detached);
  io.run();
}

class RecoveryDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto made = write([](Tx& tx) {
      return tx.execute("CREATE TABLE numbers (n BIGINT PRIMARY KEY, filler TEXT)");
    });
    ASSERT_TRUE(made) << made.error().detail;
  }
  Result<std::int64_t> put(std::int64_t n, std::string filler = "") {
    return write(
        [&](Tx& tx) { return tx.execute("INSERT INTO numbers VALUES (?1, ?2)", {n, filler}); });
  }
  Result<std::int64_t> count() {
    return read([](Tx& tx) -> Result<std::int64_t> {
      auto row = tx.one("SELECT COUNT(*) AS many FROM numbers");
      if (!row) return std::unexpected(row.error());
      return row->integer("many");
    });
  }
};
PARLEY_ON_BOTH_DATABASES(RecoveryDbTest);
class PostgresRecoveryDbTest : public RecoveryDbTest {};
PARLEY_ON_DATABASE(PostgresRecoveryDbTest, postgresql);
class SqliteRecoveryDbTest : public RecoveryDbTest {};
PARLEY_ON_DATABASE(SqliteRecoveryDbTest, sqlite);

/// Runs the child until it has printed `lines` lines, kills it, and returns all it printed.
std::vector<std::int64_t> kill_after(std::size_t lines, const std::string& url, std::int64_t base) {
  int out[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  std::vector<std::string> texts{std::string(child_url) + "=" + url,
                                 std::string(child_base) + "=" + std::to_string(base)};
  char* environment[] = {texts[0].data(), texts[1].data(), nullptr};
  const char* argv[] = {"store_tests", "--gtest_filter=ChildProcess.*",
                        "--gtest_also_run_disabled_tests", nullptr};
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::execve("/proc/self/exe", const_cast<char* const*>(argv), environment);
    ::_exit(127);
  }
  ::close(out[1]);
  std::string text;
  std::array<char, 4096> buffer;
  bool killed = false;
  while (true) {
    auto got = ::read(out[0], buffer.data(), buffer.size());
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (killed || static_cast<std::size_t>(std::ranges::count(text, '\n')) < lines) continue;
    ::kill(child, SIGKILL);
    killed = true;
  }
  ::close(out[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(killed && WIFSIGNALED(status)) << "the child ended by itself: " << text;
  std::vector<std::int64_t> acknowledged;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && std::ranges::all_of(line, ::isdigit) && !in.eof())
      acknowledged.push_back(std::stoll(line));
  return acknowledged;
}

TEST_P(RecoveryDbTest, AcknowledgedRowsSurviveSigkill) {
  close_database();
  std::size_t all = 0;
  for (int round = 0; round < 3; ++round) {
    auto rows = kill_after(150 + 97 * static_cast<std::size_t>(round), url(), round * 1000000);
    ASSERT_GT(rows.size(), 100u);
    all += rows.size();
    reopen_database();
    auto missing = read([&](Tx& tx) -> Result<std::int64_t> {
      std::int64_t absent = 0;
      for (auto n : rows)
        if (!tx.one("SELECT n FROM numbers WHERE n = ?1", {n})) ++absent;
      return absent;
    });
    EXPECT_EQ(missing.value(), 0);
    ASSERT_TRUE(put(-1 - round)) << "and it goes on working";
    close_database();
  }
  reopen_database();
  EXPECT_GE(count().value(), static_cast<std::int64_t>(all));
}

TEST_P(PostgresRecoveryDbTest, AServerThatIsAwayIsUnavailableAndComesBack) {
  auto& server = testkit::PostgresServer::instance();
  ASSERT_TRUE(put(1));
  server.crash();
  EXPECT_EQ(put(2).error().code, Errc::unavailable);
  EXPECT_EQ(count().error().code, Errc::unavailable);
  server.start();
  ASSERT_TRUE(put(3)) << "without opening it again";
  EXPECT_EQ(count().value(), 2);
}

TEST_P(PostgresRecoveryDbTest, AServerThatGoesSilentIsAwayUntilItAnswers) {
  auto& server = testkit::PostgresServer::instance();
  ASSERT_TRUE(put(1));
  EXPECT_FALSE(db().away_since());
  auto before = clock.wall();
  server.freeze();
  auto refused = put(2);
  auto since = db().away_since();
  EXPECT_EQ(count().error().code, Errc::unavailable);
  server.thaw();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable) << "it had not come to the commit";
  ASSERT_TRUE(since);
  EXPECT_GE(*since, before);
  EXPECT_EQ(count().value(), 1) << "what was refused is not there";
  EXPECT_FALSE(db().away_since());
}

TEST_P(PostgresRecoveryDbTest, ARestartBetweenTransactionsGoesUnnoticed) {
  auto& server = testkit::PostgresServer::instance();
  ASSERT_TRUE(put(1));
  for (int i = 2; i < 6; ++i) {
    server.crash();
    server.start();
    auto done = put(i);
    ASSERT_TRUE(done) << done.error().detail;
  }
  EXPECT_EQ(count().value(), 5);
}

TEST_P(PostgresRecoveryDbTest, ARestartInsideATransactionRunsItAgain) {
  auto& server = testkit::PostgresServer::instance();
  int runs = 0;
  auto done = write([&](Tx& tx) -> Result<std::int64_t> {
    if (auto first = tx.execute("INSERT INTO numbers (n) VALUES (1)"); !first) return first;
    if (++runs == 1) {
      server.crash();
      server.start();
    }
    return tx.execute("INSERT INTO numbers (n) VALUES (2)");
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(count().value(), 2);
}

TEST_P(PostgresRecoveryDbTest, ABreakDuringTheCommitIsAnUnknownOutcome) {
  auto& server = testkit::PostgresServer::instance();
  int runs = 0;
  auto done = write([&](Tx& tx) -> Result<std::int64_t> {
    ++runs;
    auto first = tx.execute("INSERT INTO numbers (n) VALUES (1)");
    server.crash();
    return first;
  });
  EXPECT_EQ(done.error().code, Errc::outcome_unknown);
  EXPECT_EQ(runs, 1) << "never blindly again";
  server.start();
  auto look = read([&](Tx&) -> Result<int> {
    ++runs;
    return runs;
  });
  EXPECT_TRUE(look) << "a read is only repeated";
}

TEST_P(SqliteRecoveryDbTest, AFullDatabaseIsResourceExhaustedAndGoesOn) {
  auto limit = [&](std::int64_t pages) {
    return write(
        [&](Tx& tx) { return tx.query("PRAGMA max_page_count = " + std::to_string(pages)); });
  };
  auto pages = read([](Tx& tx) -> Result<std::int64_t> {
    auto row = tx.one("SELECT page_count FROM pragma_page_count");
    return row->integer("page_count");
  });
  ASSERT_TRUE(limit(pages.value() + 30));
  std::int64_t stored = 0;
  Result<std::int64_t> last;
  while ((last = put(stored, std::string(20000, 'x')))) ++stored;
  EXPECT_EQ(last.error().code, Errc::resource_exhausted) << last.error().detail;
  EXPECT_GT(stored, 0);
  EXPECT_EQ(count().value(), stored);
  ASSERT_TRUE(limit(100'000));
  ASSERT_TRUE(put(stored, std::string(20000, 'x')));
  EXPECT_EQ(count().value(), stored + 1);
}

TEST_P(SqliteRecoveryDbTest, AFullDiskFailsOnlyTheGroupAndGoesOn) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small{2 * 1024 * 1024, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  int good = 0;
  std::vector<Error> bad;
  int running = 40;
  auto one = [](Database& db, Context ctx, int n, int& ok, std::vector<Error>& wrong,
                int& left) -> asio::awaitable<void> {
    auto insert = [n](Tx& tx) {
      return tx.execute("INSERT INTO numbers VALUES (?1, ?2)", {n, std::string(100000, 'x')});
    };
    auto work = db.write(std::move(ctx), insert);
    auto done = co_await std::move(work);
    done ? void(++ok) : wrong.push_back(done.error());
    --left;
  };
  for (int n = 0; n < 40; ++n)
    asio::co_spawn(io, one(db(), ctx, n, good, bad, running), asio::detached);
  io.restart();
  auto guard = asio::make_work_guard(io);
  while (running > 0) io.run_one();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(bad.empty());
  for (const auto& error : bad) EXPECT_EQ(error.code, Errc::resource_exhausted) << error.detail;
  EXPECT_EQ(count().value(), good) << "what was acknowledged, and nothing else";
  for (int n = 100; n < 140; ++n) ASSERT_TRUE(put(n, std::string(100000, 'x')));
  EXPECT_EQ(count().value(), good + 40);
}

TEST_P(SqliteRecoveryDbTest, ACorruptFileIsRefused) {
  close_database();
  auto file = folder() / "parley.db";
  auto open_code = [&] {
    auto opened = open_sqlite(clock, {.file = file});
    return opened ? Errc::invalid : opened.error().code;
  };
  std::ofstream(file, std::ios::binary | std::ios::in) << "this is no database";
  EXPECT_EQ(open_code(), Errc::corrupt);
  std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(5000, 'z');
  EXPECT_EQ(open_code(), Errc::corrupt);
}

TEST_P(SqliteRecoveryDbTest, ABrokenPageIsCorruptWhenItIsMet) {
  // So many that the latter half of the file is theirs, and no table of the schema.
  for (int n = 0; n < 800; ++n) ASSERT_TRUE(put(n, std::string(2000, 'x')));
  close_database();
  auto file = folder() / "parley.db";
  auto size = std::filesystem::file_size(file);
  {
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(size / 2 / 4096 * 4096));
    out << std::string(size / 2, '\xAA');
  }
  reopen_database();
  auto all = read([](Tx& tx) { return tx.query("SELECT * FROM numbers"); });
  EXPECT_EQ(all.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace parley::store
