// Many rows in one statement: the same suite on SQLite and on PostgreSQL.
#include "parley/store/array.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class ArrayDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto made = write([&](Tx& tx) {
      return tx.execute("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT, note TEXT)");
    });
    ASSERT_TRUE(made) << made.error().detail;
  }
  Array things() { return Array(db().kind(), {{"new_id", Array::Type::integer}, {"new_name"}}); }
  Result<std::int64_t> insert(const Array& rows, const std::string& more = "") {
    return write([&](Tx& tx) {
      Params params{"noted"};
      auto from = rows.bind("fresh", params);
      return tx.execute("INSERT INTO things (id, name, note) SELECT new_id, new_name, ?1 FROM " +
                            from + " WHERE true" + more,
                        std::move(params));
    });
  }
  Rows all() {
    return read([](Tx& tx) { return tx.query("SELECT * FROM things ORDER BY id"); }).value();
  }
};
PARLEY_ON_BOTH_DATABASES(ArrayDbTest);

const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts{
      "",
      " ",
      "plain",
      "NULL",
      "null",
      "\"NULL\"",
      "it's; DROP TABLE things; --",
      "say \"hi\"",
      "\"",
      "\\",
      "\\\\\"",
      "\\n \\u0041 \\x41",
      "{a,b}",
      "{}",
      "}{",
      "[1,2]",
      "{\"json\": [\"text\", null]}",
      ",",
      "a,b",
      "line\nbreak\r\ttab\x01\x1f\x7f",
      "?1 $1 ?2::text[]",
      "Grüße, 世界 \xf0\x9f\x98\x80 \xc2\xa0 \xef\xbf\xbf",
      "  spaces around  ",
      "\xe2\x80\xa8",
      std::string(100'000, '"'),
  };
  return texts;
}

TEST_P(ArrayDbTest, TextsComeBackAsTheyWentIn) {
  auto rows = things();
  for (std::size_t i = 0; i < hostile_texts().size(); ++i) rows.add({i, hostile_texts()[i]});
  auto put = insert(rows);
  ASSERT_TRUE(put) << put.error().detail;
  EXPECT_EQ(*put, static_cast<std::int64_t>(hostile_texts().size()));
  auto kept = all();
  ASSERT_EQ(kept.size(), hostile_texts().size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    EXPECT_EQ(kept[i].integer("id"), static_cast<std::int64_t>(i));
    EXPECT_EQ(kept[i].text("name"), hostile_texts()[i]);
    EXPECT_EQ(kept[i].text("note"), "noted");
  }
}

TEST_P(ArrayDbTest, NullsAndExtremes) {
  auto rows = things();
  rows.add({INT64_MIN, nullptr});
  rows.add({std::int64_t{-1}, "a"});
  rows.add({std::int64_t{9007199254740993}, nullptr});
  rows.add({INT64_MAX, "12"});
  ASSERT_EQ(insert(rows).value(), 4);
  auto kept = all();
  EXPECT_EQ(kept[0].integer("id"), INT64_MIN);
  EXPECT_TRUE(kept[0].is_null("name"));
  EXPECT_EQ(kept[1].integer("id"), -1);
  EXPECT_EQ(kept[2].integer("id"), 9007199254740993);
  EXPECT_EQ(kept[3].integer("id"), INT64_MAX);
  EXPECT_EQ(kept[3].at("name").storage().index(), 3u) << "a text of digits is a text";
}

TEST_P(ArrayDbTest, NoRowsAndManyRows) {
  EXPECT_EQ(insert(things()).value(), 0);
  auto rows = things();
  for (int i = 0; i < 5000; ++i) rows.add({i, std::to_string(i)});
  EXPECT_EQ(insert(rows).value(), 5000);
}

TEST_P(ArrayDbTest, RowsAreFoundAndChangedInOneStatement) {
  auto rows = things();
  for (int i = 0; i < 10; ++i) rows.add({i, std::to_string(i)});
  ASSERT_EQ(insert(rows).value(), 10);
  auto changes = things();
  changes.add({3, "three"});
  changes.add({7, nullptr});
  changes.add({99, "nobody"});
  auto changed = write([&](Tx& tx) {
    Params params{"changed"};
    auto from = changes.bind("changes", params);
    return tx.query("UPDATE things SET note = ?1, name = COALESCE(new_name, name) FROM " + from +
                        " WHERE id = new_id RETURNING id",
                    std::move(params));
  });
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_EQ(changed->size(), 2u);
  auto kept = all();
  EXPECT_EQ(kept[3].text("name"), "three");
  EXPECT_EQ(kept[7].text("name"), "7");
  EXPECT_EQ(kept[7].text("note"), "changed");
  EXPECT_EQ(kept[8].text("note"), "noted");
}

TEST_P(ArrayDbTest, ConflictsMayBeLeftOut) {
  auto rows = things();
  rows.add({1, "first"});
  rows.add({1, "again"});
  rows.add({2, "other"});
  EXPECT_EQ(insert(rows, " ON CONFLICT (id) DO NOTHING").value(), 2);
  EXPECT_EQ(all()[0].text("name"), "first") << "in the order in which they were added";
  EXPECT_EQ(insert(rows).error().code, Errc::conflict);
}

TEST_P(ArrayDbTest, WhatNoTextIsIsRefused) {
  for (auto* bad : {"\xff", "\xc3", "\xed\xa0\x80"}) {
    auto rows = things();
    rows.add({1, bad});
    EXPECT_EQ(insert(rows).error().code, Errc::invalid);
  }
  auto rows = things();
  rows.add({1, std::string("a\0b", 3)});
  EXPECT_EQ(insert(rows).error().code, Errc::invalid);
  EXPECT_TRUE(all().empty());
}

TEST_P(ArrayDbTest, WrongColumnsAreABug) {
  auto rows = things();
  EXPECT_THROW(rows.add({1}), std::logic_error);
  EXPECT_THROW(rows.add({"1", "text"}), std::logic_error);
  EXPECT_THROW(rows.add({1, 2}), std::logic_error);
  EXPECT_THROW(rows.add({1, 2.5}), std::logic_error);
}

}  // namespace
}  // namespace parley::store
