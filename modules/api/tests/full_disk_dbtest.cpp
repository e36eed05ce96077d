// A disk without room: what cannot be kept is refused by name, reading goes on, and with room again
// everything works, without a restart and without traces of what was refused.
#include <fmt/format.h>

#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

class FullDiskDbTest : public ApiTest {
 public:
  /// SQLite is held to the pages it has; PostgreSQL reports what it reports when a file cannot
  /// grow.
  void fill_database() {
    auto done = write([&](store::Tx& tx) -> Result<void> {
      if (!on_postgres()) {
        auto pages = tx.one("SELECT page_count FROM pragma_page_count");
        if (!pages) return std::unexpected(pages.error());
        auto held =
            tx.query(fmt::format("PRAGMA max_page_count = {}", pages->integer("page_count")));
        if (!held) return std::unexpected(held.error());
        return {};
      }
      for (auto* sql : {"CREATE FUNCTION no_room() RETURNS trigger AS $body$ BEGIN RAISE EXCEPTION "
                        "'could not extend file' USING ERRCODE = '53100'; END $body$ LANGUAGE "
                        "plpgsql",
                        "CREATE TRIGGER no_room BEFORE INSERT ON businesses EXECUTE FUNCTION "
                        "no_room()"}) {
        auto made = tx.execute(sql);
        if (!made) return std::unexpected(made.error());
      }
      return {};
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  void give_room() {
    auto done = write([&](store::Tx& tx) -> Result<void> {
      auto given = on_postgres() ? tx.query("DROP TRIGGER no_room ON businesses")
                                 : tx.query("PRAGMA max_page_count = 1000000");
      if (!given) return std::unexpected(given.error());
      return {};
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  Answer create(int n) {
    return send("POST", "/businesses", owner(),
                {{"name", fmt::format("Branch {}", n)}, {"description", std::string(4000, 'x')}},
                {{"Idempotency-Key", fmt::format("branch-{}", n)}});
  }
  std::int64_t total(std::string path) {
    return get(path, owner()).json().at("pagination").at("total").as_int64();
  }
};
PARLEY_ON_BOTH_DATABASES(FullDiskDbTest);

TEST_P(FullDiskDbTest, AFullDatabaseRefusesByNameAndGoesOnWithRoom) {
  auto token = owner();
  auto before = total("/businesses");
  fill_database();
  int made = 0;
  Answer answer;
  while ((answer = create(made)).status == 201) ASSERT_LT(++made, 500) << "it never filled up";
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(answer.code(), "resource_exhausted");
  EXPECT_TRUE(answer.has("Retry-After"));
  EXPECT_EQ(answer.body.find("page"), std::string::npos) << "no words of the database's own";
  EXPECT_EQ(total("/businesses"), before + made) << "reading goes on, and nothing half-made shows";
  EXPECT_EQ(get("/appointments", token).status, 200);
  give_room();
  auto again = create(made);
  EXPECT_EQ(again.status, 201) << "the same key, refused before: " << again.body;
  EXPECT_EQ(total("/businesses"), before + made + 1);
}

TEST_P(FullDiskDbTest, AFullObjectStoreRefusesUploadsAndGoesOnWithRoom) {
  auto before = total("/documents");
  disk().full = true;
  auto refused = upload(owner(), "hours.txt", "Open at nine.", {{"Idempotency-Key", "up-1"}});
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_EQ(refused.code(), "resource_exhausted");
  EXPECT_TRUE(refused.has("Retry-After"));
  EXPECT_EQ(total("/documents"), before);
  EXPECT_EQ(send("POST", "/appointments", owner(), booking_body(free_time())).status, 201)
      << "what needs no file goes on";
  disk().full = false;
  auto taken = upload(owner(), "hours.txt", "Open at nine.", {{"Idempotency-Key", "up-1"}});
  EXPECT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(total("/documents"), before + 1);
}

}  // namespace
}  // namespace parley::api::testing
