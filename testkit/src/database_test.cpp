#include "parley/testkit/database_test.hpp"

#include <stdlib.h>

#include <stdexcept>

#include "counted_database.hpp"
#include "parley/store/migrations.hpp"
#include "parley/testkit/postgres_server.hpp"

namespace parley::testkit {

void DatabaseTest::SetUp() {
  ctx.organization = OrganizationId("org_test");
  ctx.principal = {Principal::Kind::user, "user_test", Role::owner};
  auto name = (std::filesystem::temp_directory_path() / "parley-db-XXXXXX").string();
  ASSERT_TRUE(::mkdtemp(name.data()));
  folder_ = name;
  if (on_postgres()) database_ = PostgresServer::instance().make_database();
  db_ = open_another();
  if (on_postgres()) return;
  auto migrated = run([&] { return store::migrate(db()); });
  ASSERT_TRUE(migrated) << migrated.error().detail;
}

void DatabaseTest::TearDown() {
  db_.reset();
  if (!database_.empty()) PostgresServer::instance().drop_database(database_);
  std::error_code ec;
  std::filesystem::remove_all(folder_, ec);
}

std::unique_ptr<store::Database> DatabaseTest::open_another() {
  auto opened = store::open_database(clock, url());
  if (!opened) throw std::runtime_error("open the database: " + opened.error().detail);
  return std::make_unique<CountedDatabase>(std::move(*opened), in_hand_);
}

std::string DatabaseTest::url() const {
  if (on_postgres()) return PostgresServer::instance().url(database_);
  return "sqlite:" + (folder_ / "parley.db").string();
}

void DatabaseTest::drive(const bool& done) {
  auto guard = asio::make_work_guard(io);
  auto give_up = std::chrono::steady_clock::now() + 60s;
  io.restart();
  while (!done) {
    if (io.run_one_until(give_up) == 0)
      throw std::logic_error("the coroutine did not end in a minute");
  }
}

void DatabaseTest::let_run(int turns) {
  constexpr int quiet = 5;
  auto guard = asio::make_work_guard(io);
  auto at_most = turns + 1000;
  io.restart();
  for (int i = 0, unasked = 0; i < turns || (unasked < quiet && i < at_most); ++i) {
    io.run_one_for(1ms);
    unasked = in_hand_ == 0 ? unasked + 1 : 0;
  }
}

}  // namespace parley::testkit
