#include <gtest/gtest.h>

#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class DriverDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    execute(
        "CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT UNIQUE, weight DOUBLE PRECISION, "
        "small INTEGER CHECK (small >= 0), made_at TEXT, body TEXT)");
  }
  Result<std::int64_t> execute(std::string sql, Params params = {}) {
    return write([&](Tx& tx) { return tx.execute(sql, params); });
  }
  Result<Row> one(std::string sql, Params params = {}) {
    return read([&](Tx& tx) { return tx.one(sql, params); });
  }
  void put(int id, Value name) {
    auto done = execute("INSERT INTO things (id, name) VALUES (?1, ?2)", {id, name});
    ASSERT_TRUE(done) << done.error().detail;
  }
  std::int64_t count() { return one("SELECT COUNT(*) AS many FROM things")->integer("many"); }
};
PARLEY_ON_BOTH_DATABASES(DriverDbTest);

TEST_P(DriverDbTest, ValuesComeBackAsTheyWentIn) {
  auto done = execute(
      "INSERT INTO things (id, name, weight, small, made_at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
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
  EXPECT_TRUE(row->is_null("body"));
  EXPECT_EQ(row->text("literal"), "?1 -- not a parameter");
  EXPECT_THROW(row->text("nothing"), std::logic_error);
  EXPECT_THROW(row->text("body"), std::logic_error);
}

}  // namespace
}  // namespace parley::store
