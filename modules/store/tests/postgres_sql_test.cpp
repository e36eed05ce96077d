#include "postgres_sql.hpp"

#include <gtest/gtest.h>

namespace parley::store {
namespace {

TEST(NumberedParameters, OnlyInCode) {
  auto is = [](std::string_view from, std::string_view to, std::size_t count) {
    auto numbered = numbered_parameters(from);
    EXPECT_EQ(numbered.sql, to);
    EXPECT_EQ(numbered.parameters, count) << from;
  };
  is("SELECT ?1, ?2+?12", "SELECT $1, $2+$12", 12);
  is("SELECT '?1', ?1", "SELECT '?1', $1", 1);
  is("SELECT 'it''s ?1', \"a?1\", ?1", "SELECT 'it''s ?1', \"a?1\", $1", 1);
  is("SELECT ?1 -- ?2\n, ?3", "SELECT $1 -- ?2\n, $3", 3);
  is("SELECT /* ?1 /* ?2 */ ?3 */ ?4", "SELECT /* ?1 /* ?2 */ ?3 */ $4", 4);
  is("SELECT $$?1$$, $tag$ ?1 $$ $tag$, ?2", "SELECT $$?1$$, $tag$ ?1 $$ $tag$, $2", 2);
  is("SELECT a ? 'b', ?", "SELECT a ? 'b', ?", 0);
  is("'unfinished ?1", "'unfinished ?1", 0);
  is("/* unfinished ?1", "/* unfinished ?1", 0);
  is("$t$ unfinished ?1", "$t$ unfinished ?1", 0);
  is("SELECT 1 -- last ?1", "SELECT 1 -- last ?1", 0);
  is("", "", 0);
}

TEST(PostgresTypes, BlobIsByteaInCodeOnly) {
  EXPECT_EQ(postgres_types("CREATE TABLE t (a BLOB, blob_b blob, c TEXT DEFAULT 'BLOB') -- BLOB"),
            "CREATE TABLE t (a BYTEA, blob_b BYTEA, c TEXT DEFAULT 'BLOB') -- BLOB");
}

TEST(Classify, TellsWhatMayRunAgain) {
  EXPECT_EQ(classify("40001", "").trouble, Trouble::retry);
  EXPECT_EQ(classify("40P01", "").trouble, Trouble::retry);
  EXPECT_EQ(classify("57P01", "").trouble, Trouble::lost);
  EXPECT_EQ(classify("08006", "").trouble, Trouble::lost);
  EXPECT_EQ(classify("0A000", "cached plan must not change result type").trouble, Trouble::replan);
  EXPECT_EQ(classify("53100", "").code, Errc::resource_exhausted);
  EXPECT_EQ(classify("23505", "").code, Errc::conflict);
  EXPECT_EQ(classify("23P01", "").code, Errc::conflict);
  EXPECT_EQ(classify("23514", "").code, Errc::invalid);
  EXPECT_EQ(classify("57014", "").code, Errc::timeout);
  EXPECT_EQ(classify("54000", "").code, Errc::too_large);
  EXPECT_EQ(classify("XX001", "").code, Errc::corrupt);
  EXPECT_TRUE(classify("42601", "").bug);
  EXPECT_FALSE(classify("23505", "").bug);
}

}  // namespace
}  // namespace parley::store
