// Durable commits and events a second, on SQLite (synchronous=FULL) and on PostgreSQL (fsync on,
// loopback TCP). One I/O thread; each writer is a coroutine that waits for its commit.
//   store_bench [seconds for each line]
#include <fmt/format.h>
#include <stdlib.h>

#include <boost/asio/detached.hpp>

#include "parley/store/migrations.hpp"
#include "parley/testkit/postgres_server.hpp"

namespace parley::store {
namespace {

using Work = std::function<Result<std::int64_t>(Tx&, std::int64_t number)>;

struct Measured {
  std::int64_t done = 0;
  std::vector<double> waits_ms;
};

asio::awaitable<void> keep_writing(Database& db, Work work, std::int64_t writer, TimePoint end,
                                   Measured& measured) {
  SystemClock clock;
  Context ctx;
  ctx.organization = OrganizationId("org_bench");
  for (std::int64_t i = 0; clock.now() < end; ++i) {
    auto began = clock.now();
    auto number = writer * 100'000'000 + i;
    auto write = db.write(ctx, [&work, number](Tx& tx) { return work(tx, number); });
    auto done = co_await std::move(write);
    if (!done) throw std::runtime_error(done.error().detail);
    ++measured.done;
    measured.waits_ms.push_back(
        std::chrono::duration<double, std::milli>(clock.now() - began).count());
  }
}

/// What PostgreSQL itself counted: how often transactions were rolled back (collided, and run
/// again) and how often its log was forced to the disk.
struct Counted {
  std::int64_t commits = 0;
  std::int64_t rollbacks = 0;
  std::int64_t syncs = 0;
};

Counted count(Database& db) {
  Counted counted;
  asio::io_context io;
  auto body = [](Database& d, Counted& out) -> asio::awaitable<void> {
    auto look = d.read(Context{}, [](Tx& tx) {
      return tx.one(
          "SELECT xact_commit, xact_rollback, (SELECT wal_sync FROM pg_stat_wal) AS wal_sync "
          "FROM pg_stat_database WHERE datname = current_database()");
    });
    auto row = co_await std::move(look);
    if (!row) throw std::runtime_error(row.error().detail);
    out = {row->integer("xact_commit"), row->integer("xact_rollback"), row->integer("wal_sync")};
  };
  asio::co_spawn(io, body(db, counted), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  return counted;
}

void measure(std::string_view what, Database& db, int writers, int per_commit, Duration time,
             const Work& work) {
  static std::int64_t first_writer = 0;
  asio::io_context io;
  Measured measured;
  SystemClock clock;
  bool counts = db.kind() == Database::Kind::postgresql;
  auto before = counts ? count(db) : Counted{};
  auto began = clock.now();
  for (int w = 0; w < writers; ++w)
    asio::co_spawn(io, keep_writing(db, work, first_writer++, began + time, measured),
                   [](const std::exception_ptr& thrown) {
                     if (thrown) std::rethrow_exception(thrown);
                   });
  io.run();
  auto seconds = std::chrono::duration<double>(clock.now() - began).count();
  auto& waits = measured.waits_ms;
  std::ranges::sort(waits);
  auto at = [&](double part) {
    return waits[static_cast<std::size_t>(part * static_cast<double>(waits.size() - 1))];
  };
  fmt::print("{:<11} {:<28} {:>3} writers {:>9.0f}/s   p50 {:>7.2f} ms  p99 {:>7.2f} ms",
             counts ? "PostgreSQL" : "SQLite", what, writers,
             static_cast<double>(measured.done * per_commit) / seconds, at(0.5), at(0.99));
  if (counts) {
    auto after = count(db);
    auto per_done = [&](std::int64_t many) {
      return static_cast<double>(many) / static_cast<double>(measured.done);
    };
    fmt::print("   {:.2f} run again, {:.2f} syncs a commit",
               per_done(after.rollbacks - before.rollbacks), per_done(after.syncs - before.syncs));
  }
  fmt::print("\n");
}

void prepare(Database& db) {
  asio::io_context io;
  auto body = [](Database& d) -> asio::awaitable<void> {
    auto migrating = migrate(d);
    if (!co_await std::move(migrating)) throw std::runtime_error("migrate");
    auto make = d.write(Context{}, [](Tx& tx) {
      return tx.execute("CREATE TABLE bench (n BIGINT PRIMARY KEY, body TEXT)");
    });
    if (!co_await std::move(make)) throw std::runtime_error("create table");
  };
  asio::co_spawn(io, body(db), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
}

Work append_events(int many) {
  return [many](Tx& tx, std::int64_t number) -> Result<std::int64_t> {
    auto stream = "bench/" + std::to_string(number / 100'000'000);
    Result<std::int64_t> last = 0;
    for (int i = 0; i < many && last; ++i)
      last = tx.append(stream, {"bench.event", {{"number", number}, {"text", "one event's data"}}});
    return last;
  };
}

void measure_all(Database& db, Duration time) {
  Work insert = [](Tx& tx, std::int64_t number) {
    return tx.execute("INSERT INTO bench (n, body) VALUES (?1, ?2)", {number, "some text"});
  };
  prepare(db);
  for (int writers : {1, 8, 64}) measure("commits, one row each", db, writers, 1, time, insert);
  for (int writers : {1, 64})
    measure("events, one a commit", db, writers, 1, time, append_events(1));
  measure("events, a hundred a commit", db, 8, 100, time, append_events(100));
}

}  // namespace
}  // namespace parley::store

int main(int argc, char** argv) {
  using namespace parley;
  auto time = std::chrono::milliseconds(
      static_cast<int>(1000 * (argc > 1 ? std::strtod(argv[1], nullptr) : 2)));
  ::setenv("PARLEY_TEST_POSTGRES_FSYNC", "on", 1);
  SystemClock clock;
  auto folder = (std::filesystem::temp_directory_path() / "parley-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return 1;
  {
    auto sqlite = store::open_sqlite(clock, {.file = folder + "/bench.db"}).value();
    store::measure_all(*sqlite, time);
  }
  std::filesystem::remove_all(folder);
  auto& server = testkit::PostgresServer::instance();
  auto url = server.url(server.make_empty_database());
  {
    auto postgres = store::open_postgres(clock, {.url = url});
    store::measure_all(**postgres, time);
  }
  // What the last lines are made of: the same without waiting for the disk, and over fewer and more
  // connections, each of which has one commit on its way to the disk.
  auto hasty = url + (url.find('?') == std::string::npos ? "?" : "&") +
               "options=-c%20synchronous_commit%3Doff";
  fmt::print("without waiting for the disk:\n");
  {
    auto postgres = store::open_postgres(clock, {.url = hasty});
    store::measure("events, one a commit", **postgres, 1, 1, time, store::append_events(1));
    store::measure("events, one a commit", **postgres, 64, 1, time, store::append_events(1));
  }
  fmt::print("over one connection, two, and 32:\n");
  for (std::size_t connections : {1u, 2u, 32u}) {
    auto postgres = store::open_postgres(clock, {.url = url, .connections = connections});
    store::measure("events, one a commit", **postgres, 64, 1, time, store::append_events(1));
  }
}
