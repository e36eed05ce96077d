#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "parley/store/migrations.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

constexpr std::string_view first_sql =
    "CREATE TABLE notes (id BIGINT PRIMARY KEY, body BLOB, said TEXT DEFAULT 'a BLOB; not two');"
    "/* ; */ INSERT INTO notes (id) VALUES (1); -- ; BLOB\nINSERT INTO notes (id) VALUES (2);";
constexpr std::string_view second_sql = "UPDATE notes SET id = id + 10;";
constexpr std::string_view broken_sql = "INSERT INTO notes (id) VALUES (99); SELEC 1;";
// Numbers far above the real ones, which the fixture has applied.
constexpr Migration first{9001, "first", first_sql, first_sql};
constexpr Migration second{9002, "second", second_sql, second_sql};
constexpr Migration broken{9003, "broken", broken_sql, broken_sql};

class MigrationsDbTest : public testkit::DatabaseTest {
 protected:
  Result<MigrationReport> apply(std::vector<Migration> steps) {
    return run([&] { return migrate(db(), steps); });
  }
  std::string ids() {
    auto rows = read([](Tx& tx) { return tx.query("SELECT id FROM notes ORDER BY id"); }).value();
    std::string text;
    for (const auto& row : rows) text += std::to_string(row.integer("id")) + " ";
    return text;
  }
};
PARLEY_ON_BOTH_DATABASES(MigrationsDbTest);
class PostgresMigrationsDbTest : public MigrationsDbTest {};
PARLEY_ON_DATABASE(PostgresMigrationsDbTest, postgresql);

TEST_P(MigrationsDbTest, EachStepOnceAndInOrder) {
  auto newest = migrations().back().number;
  auto report = apply({first});
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->from, newest);
  EXPECT_EQ(report->to, 9001);
  EXPECT_EQ(ids(), "1 2 ");
  report = apply({first, second});
  EXPECT_EQ(report->from, 9001);
  EXPECT_EQ(report->to, 9002);
  report = apply({first, second});
  EXPECT_EQ(report->from, report->to);
  EXPECT_EQ(ids(), "11 12 ");
  auto said = read([](Tx& tx) { return tx.one("SELECT * FROM notes WHERE id = 11"); });
  EXPECT_EQ(said->text("said"), "a BLOB; not two");
}

TEST_P(MigrationsDbTest, HowManyAreAppliedCanBeAsked) {
  auto applied = [&] { return run([&] { return applied_migrations(db()); }); };
  auto newest = static_cast<std::int64_t>(migrations().size());
  EXPECT_EQ(applied().value(), newest);
  ASSERT_TRUE(apply({first}));
  EXPECT_EQ(applied().value(), newest + 1);
  ASSERT_TRUE(write([](Tx& tx) { return tx.query("DROP TABLE schema_migrations"); }));
  EXPECT_EQ(applied().error().code, Errc::invalid) << "a database that was never migrated";
}

TEST_P(MigrationsDbTest, AStepThatFailsLeavesNothing) {
  ASSERT_TRUE(apply({first}));
  EXPECT_THROW(apply({first, broken}), std::logic_error);
  EXPECT_EQ(ids(), "1 2 ");
  ASSERT_TRUE(apply({first, second}));
  EXPECT_EQ(ids(), "11 12 ");
}

TEST_P(MigrationsDbTest, ADatabaseOfANewerProgramIsRefused) {
  ASSERT_TRUE(apply({first, second}));
  EXPECT_EQ(apply({first}).error().code, Errc::conflict);
  auto real = run([&] { return migrate(db()); });
  EXPECT_EQ(real.error().code, Errc::conflict);
}

TEST_P(MigrationsDbTest, AStepThatCameLaterIsApplied) {
  Migration later{9005, "later", "SELECT 1;", "SELECT 1;"};
  ASSERT_TRUE(apply({first, later}));
  auto report = apply({first, second, later});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->to, 9005);
  EXPECT_EQ(ids(), "11 12 ");
}

TEST_P(MigrationsDbTest, StartersTogetherApplyEachStepOnce) {
  std::vector<std::unique_ptr<Database>> nodes;
  for (int i = 0; i < 4; ++i) nodes.push_back(open_another());
  std::vector<Migration> steps{first, second};
  int running = 4;
  auto start = [](Database& node, std::span<const Migration> all,
                  int& left) -> asio::awaitable<void> {
    auto work = migrate(node, all);
    auto report = co_await std::move(work);
    EXPECT_TRUE(report) << report.error().detail;
    if (report) EXPECT_EQ(report->to, 9002);
    --left;
  };
  for (auto& node : nodes) asio::co_spawn(io, start(*node, steps, running), asio::detached);
  io.restart();
  auto guard = asio::make_work_guard(io);
  while (running > 0) io.run_one();
  EXPECT_EQ(ids(), "11 12 ");
}

TEST_P(MigrationsDbTest, EmbeddedStepsAreInOrder) {
  int before = 0;
  for (const auto& step : migrations()) {
    EXPECT_GT(step.number, before);
    EXPECT_FALSE(step.sqlite.empty() || step.postgresql.empty());
    before = step.number;
  }
  EXPECT_GE(before, 1);
}

TEST_P(PostgresMigrationsDbTest, EventsSortAfterThoseOfARestoredDump) {
  auto append = [](Tx& tx) { return tx.append("s", {"a.b", {}}); };
  ASSERT_TRUE(write(append));
  // As if it came from a cluster that was a million transactions older.
  ASSERT_TRUE(write([](Tx& tx) {
    return tx.execute("UPDATE events SET transaction_id = transaction_id + 1000000");
  }));
  ASSERT_TRUE(run([&] { return migrate(db()); }));
  ASSERT_TRUE(write(append));
  auto rows = read([](Tx& tx) {
    return tx.query("SELECT version FROM settled_events ORDER BY transaction_id, sequence");
  });
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ(rows->back().integer("version"), 2);
}

}  // namespace
}  // namespace parley::store
