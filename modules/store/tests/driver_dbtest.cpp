// What every driver must do: the same suite on SQLite and on PostgreSQL.
#include <gtest/gtest.h>

#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class DriverDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto made = execute(
        "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT UNIQUE, weight DOUBLE PRECISION, "
        "small INTEGER CHECK (small >= 0), made_at TEXT, owner BIGINT REFERENCES things (id))");
    ASSERT_TRUE(made) << made.error().detail;
  }
  Result<std::int64_t> execute(std::string sql, Params params = {}) {
    return write([&](Tx& tx) { return tx.execute(sql, params); });
  }
  Result<Row> one(std::string sql, Params params = {}) {
    return read([&](Tx& tx) { return tx.one(sql, params); });
  }
  Result<std::int64_t> put(int id, Value name) {
    return execute("INSERT INTO things (id, name) VALUES (?1, ?2)", {id, std::move(name)});
  }
  std::int64_t count() { return one("SELECT COUNT(*) AS many FROM things")->integer("many"); }
};
PARLEY_ON_BOTH_DATABASES(DriverDbTest);

TEST_P(DriverDbTest, ValuesComeBackAsTheyWentIn) {
  auto done = execute(
      "INSERT INTO things (id, name, weight, small, made_at, owner) VALUES (?1,?2,?3,?4,?5,?6)",
      {std::int64_t{9007199254740993}, "Grüße '?1' $1", 0.1, true, clock.wall(), nullptr});
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_EQ(*done, 1);
  auto row = one("SELECT *, '?1 -- not a parameter' AS literal /* ?2 */ FROM things WHERE id = ?1",
                 {std::int64_t{9007199254740993}});
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->integer("id"), 9007199254740993);
  EXPECT_EQ(row->text("name"), "Grüße '?1' $1");
  EXPECT_EQ(row->real("weight"), 0.1);
  EXPECT_TRUE(row->flag("small"));
  EXPECT_EQ(row->time("made_at"), clock.wall());
  EXPECT_EQ(row->optional_integer("owner"), std::nullopt);
  EXPECT_EQ(row->text("literal"), "?1 -- not a parameter");
  EXPECT_THROW(row->text("nothing"), std::logic_error);
  EXPECT_THROW(row->integer("owner"), std::logic_error);
  EXPECT_THROW(row->integer("name"), std::logic_error);
  EXPECT_THROW(row->time("name"), std::logic_error);
}

TEST_P(DriverDbTest, BytesAndExtremes) {
  // A script's BLOB is BYTEA on PostgreSQL; here the test says which.
  auto type = on_postgres() ? "BYTEA" : "BLOB";
  ASSERT_TRUE(execute("CREATE TABLE raw (id BIGINT, body " + std::string(type) + ")"));
  Value::Blob bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::byte>(i));
  ASSERT_TRUE(execute("INSERT INTO raw VALUES (?1, ?2)", {INT64_MIN, bytes}));
  ASSERT_TRUE(execute("INSERT INTO raw VALUES (?1, ?2)", {INT64_MAX, Value::Blob{}}));
  auto first = one("SELECT * FROM raw ORDER BY id LIMIT ?1", {1});
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->integer("id"), INT64_MIN);
  EXPECT_EQ(first->blob("body"), bytes);
  auto last = one("SELECT * FROM raw WHERE id > ?1", {0});
  EXPECT_EQ(last->integer("id"), INT64_MAX);
  EXPECT_TRUE(last->blob("body").empty());
  EXPECT_FALSE(last->is_null("body"));
}

TEST_P(DriverDbTest, AggregatesAndExpressionsHaveTheSameTypes) {
  for (int i = 1; i <= 3; ++i)
    ASSERT_TRUE(execute("INSERT INTO things (id, weight) VALUES (?1, ?2)", {i, i * 0.5}));
  auto row = one(
      "SELECT COUNT(*) AS many, SUM(id) AS total, AVG(id) AS mean, SUM(weight) AS heavy, "
      "MAX(id) > ?1 AS any, ?2 AS echo, ?1 + 1 AS next, COALESCE(?3, 'none') AS said FROM things",
      {std::int64_t{1} << 40, "text", nullptr});
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->at("many").storage().index(), 1u);
  EXPECT_EQ(row->at("total").storage().index(), 1u);
  EXPECT_EQ(row->integer("total"), 6);
  EXPECT_EQ(row->real("mean"), 2.0);
  EXPECT_EQ(row->real("heavy"), 3.0);
  EXPECT_FALSE(row->flag("any"));
  EXPECT_EQ(row->text("echo"), "text");
  EXPECT_EQ(row->integer("next"), (std::int64_t{1} << 40) + 1);
  EXPECT_EQ(row->text("said"), "none");
}

TEST_P(DriverDbTest, OptionalFiltersTakeNulls) {
  ASSERT_TRUE(put(1, "a"));
  ASSERT_TRUE(put(2, "b"));
  auto many = [&](Value name, Value id) {
    auto row =
        one("SELECT COUNT(*) AS many FROM things WHERE (?1 IS NULL OR name = ?1) AND "
            "(?2 IS NULL OR id = ?2)",
            {std::move(name), std::move(id)});
    return row ? row->integer("many") : -1;
  };
  EXPECT_EQ(many("a", 1), 1);
  EXPECT_EQ(many("a", 2), 0);
  EXPECT_EQ(one("SELECT COUNT(*) AS many FROM things WHERE ?1 IS NULL OR name = ?1", {nullptr})
                ->integer("many"),
            2);
  EXPECT_EQ(one("SELECT COUNT(*) AS many FROM things WHERE ?1 IS NULL OR id = ?1", {nullptr})
                ->integer("many"),
            2);
  EXPECT_EQ(many(nullptr, 2), 1);
  EXPECT_EQ(many("b", nullptr), 1);
}

TEST_P(DriverDbTest, ChangedRowsAreCounted) {
  ASSERT_TRUE(put(1, "a"));
  ASSERT_TRUE(put(2, "b"));
  EXPECT_EQ(execute("UPDATE things SET weight = 1").value(), 2);
  EXPECT_EQ(execute("UPDATE things SET weight = 1 WHERE id = 7").value(), 0);
  EXPECT_EQ(execute("CREATE TABLE other (id BIGINT)").value(), 0);
  auto upsert = "INSERT INTO things (id, name) VALUES (?1, ?2) ON CONFLICT (id) DO ";
  EXPECT_EQ(execute(upsert + std::string("NOTHING"), {1, "c"}).value(), 0);
  EXPECT_EQ(execute(upsert + std::string("UPDATE SET name = excluded.name"), {1, "c"}).value(), 1);
  EXPECT_EQ(one("SELECT name FROM things WHERE id = 1")->text("name"), "c");
  EXPECT_EQ(one("SELECT name FROM things WHERE id = 9").error().code, Errc::not_found);
}

TEST_P(DriverDbTest, ConstraintsHaveTheirCodes) {
  ASSERT_TRUE(put(1, "a"));
  EXPECT_EQ(put(1, "b").error().code, Errc::conflict);
  EXPECT_EQ(put(2, "a").error().code, Errc::conflict);
  EXPECT_EQ(execute("INSERT INTO things (id, owner) VALUES (2, 99)").error().code, Errc::conflict);
  EXPECT_EQ(execute("INSERT INTO things (id, small) VALUES (2, -1)").error().code, Errc::invalid);
  ASSERT_TRUE(execute("CREATE TABLE strict (id BIGINT NOT NULL)"));
  EXPECT_EQ(execute("INSERT INTO strict VALUES (?1)", {nullptr}).error().code, Errc::invalid);
  EXPECT_EQ(count(), 1);
}

TEST_P(DriverDbTest, BadTextIsRefused) {
  EXPECT_EQ(put(1, std::string("a\0b", 3)).error().code, Errc::invalid);
  EXPECT_EQ(put(1, "\xff\xfe").error().code, Errc::invalid);
  EXPECT_EQ(count(), 0);
}

TEST_P(DriverDbTest, AnErrorOfTheFunctionRollsBack) {
  auto outcome = write([&](Tx& tx) -> Result<int> {
    (void)tx.execute("INSERT INTO things (id) VALUES (1)");
    return fail(Errc::forbidden, "no");
  });
  EXPECT_EQ(outcome.error(), (Error{Errc::forbidden, "no"}));
  EXPECT_EQ(count(), 0);
}

TEST_P(DriverDbTest, AFailedStatementDoomsTheTransaction) {
  ASSERT_TRUE(put(1, "a"));
  auto outcome = write([&](Tx& tx) -> Result<int> {
    (void)tx.execute("INSERT INTO things (id) VALUES (2)");
    auto failed = tx.execute("INSERT INTO things (id) VALUES (1)");
    EXPECT_EQ(failed.error().code, Errc::conflict);
    EXPECT_EQ(tx.query("SELECT 1").error().code, Errc::conflict);
    return 7;
  });
  EXPECT_EQ(outcome.error().code, Errc::conflict);
  EXPECT_EQ(count(), 1);
}

TEST_P(DriverDbTest, BugsThrowAndRollBack) {
  auto twice = [&](std::string sql, Params params = {}) {
    EXPECT_THROW(execute(sql, params), std::logic_error) << sql;
    EXPECT_THROW(one(sql, params), std::logic_error) << sql;
  };
  twice("SELEC 1");
  twice("SELECT * FROM nowhere");
  twice("SELECT nothing FROM things");
  twice("SELECT * FROM things WHERE id = ?1");
  twice("SELECT * FROM things WHERE id = ?1", {1, 2});
  twice("SELECT 1; SELECT 2");
  EXPECT_THROW(one("INSERT INTO things (id) VALUES (1)"), std::logic_error) << "a read that writes";
  auto thrower = [](Tx& tx) -> Result<int> {
    (void)tx.execute("INSERT INTO things (id) VALUES (1)");
    throw std::runtime_error("bug");
  };
  EXPECT_THROW(write(thrower), std::runtime_error);
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(put(1, "still works"));
}

TEST_P(DriverDbTest, SchemaChangesUnderPreparedStatements) {
  ASSERT_TRUE(put(1, "a"));
  ASSERT_TRUE(one("SELECT * FROM things"));
  ASSERT_TRUE(execute("ALTER TABLE things ADD COLUMN later TEXT"));
  for (int i = 0; i < 20; ++i) {
    auto row = one("SELECT * FROM things");
    ASSERT_TRUE(row) << row.error().detail;
    EXPECT_TRUE(row->is_null("later"));
  }
}

TEST_P(DriverDbTest, MoreStatementsThanTheCacheHolds) {
  for (int i = 0; i < 600; ++i) {
    auto row = one("SELECT " + std::to_string(i) + " AS value");
    ASSERT_TRUE(row) << row.error().detail;
    ASSERT_EQ(row->integer("value"), i);
  }
}

TEST_P(DriverDbTest, TimeStandsStillInsideATransaction) {
  auto times = write([&](Tx& tx) -> Result<bool> {
    auto before = tx.now();
    clock.advance(1s);
    return before == tx.now() && before + 1s == clock.wall();
  });
  EXPECT_TRUE(times.value());
}

TEST_P(DriverDbTest, HooksRunOnceAndOnlyAfterACommit) {
  std::atomic<int> runs = 0;
  auto refused = write([&](Tx& tx) -> Result<void> {
    tx.after_commit([&] { ++runs; });
    return fail(Errc::forbidden, "no");
  });
  EXPECT_FALSE(refused);
  EXPECT_EQ(runs, 0);
  auto done = write([&](Tx& tx) -> Result<void> {
    tx.after_commit([&] { ++runs; });
    tx.after_commit([&] { ++runs; });
    auto put = tx.execute("INSERT INTO things (id, name) VALUES (1, 'a')");
    if (!put) return std::unexpected(put.error());
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(runs, 2) << "before the caller goes on";
  EXPECT_EQ(count(), 1);
}

TEST_P(DriverDbTest, ATransactionMayGiveUpSerializability) {
  auto level = write([&](Tx& tx) -> Result<std::string> {
    if (auto relaxed = tx.read_committed(); !relaxed) return std::unexpected(relaxed.error());
    if (!on_postgres()) return "read committed";
    auto row = tx.one("SELECT current_setting('transaction_isolation') AS level");
    if (!row) return std::unexpected(row.error());
    return row->text("level");
  });
  ASSERT_TRUE(level) << level.error().detail;
  EXPECT_EQ(*level, "read committed");
  if (!on_postgres()) return;
  auto next = write(
      [](Tx& tx) { return tx.one("SELECT current_setting('transaction_isolation') AS level"); });
  EXPECT_EQ(next->text("level"), "serializable") << "for one transaction only";
}

TEST_P(DriverDbTest, ClosedIsUnavailable) {
  db().close();
  db().close();
  EXPECT_EQ(put(1, "a").error().code, Errc::unavailable);
  EXPECT_EQ(one("SELECT 1 AS n").error().code, Errc::unavailable);
}

TEST(OpenDatabase, RefusesWhatItCannotOpen) {
  SystemClock clock;
  auto code = [&](const std::string& url) { return open_database(clock, url).error().code; };
  EXPECT_EQ(code("mysql://x"), Errc::invalid);
  EXPECT_EQ(code(""), Errc::invalid);
  EXPECT_EQ(code("postgresql://h:notaport/x?bad=1"), Errc::invalid);
  EXPECT_EQ(code("postgresql://x@127.0.0.1:1/x"), Errc::unavailable);
  EXPECT_EQ(code("sqlite:/nowhere/at/all.db"), Errc::unavailable);
}

}  // namespace
}  // namespace parley::store
