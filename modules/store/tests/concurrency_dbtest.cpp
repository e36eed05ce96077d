// Many transactions at once: isolation, bounds, deadlines, order.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include "gate.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class ConcurrencyDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    make("CREATE TABLE things (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL DEFAULT 0)");
  }
  void make(std::string sql) {
    auto made = write([&](Tx& tx) { return tx.execute(sql); });
    ASSERT_TRUE(made) << made.error().detail;
  }
  std::int64_t number(std::string sql) {
    return read([&](Tx& tx) { return tx.one(sql); })->integer("n");
  }
  std::int64_t count() { return number("SELECT COUNT(*) AS n FROM things"); }

  /// One thread that commits, and room for `max_queued` waiting.
  std::unique_ptr<Database> narrow(std::size_t max_queued) {
    if (on_postgres())
      return open_postgres(clock, {.url = url(), .connections = 1, .max_queued = max_queued})
          .value();
    return open_sqlite(clock, {.file = folder() / "parley.db", .max_queued = max_queued}).value();
  }

  using Function = std::function<Result<std::int64_t>(Tx&)>;
  static Function insert(int id) {
    return [id](Tx& tx) { return tx.execute("INSERT INTO things (id) VALUES (?1)", {id}); };
  }
  static Function hold(Gate& gate) {
    return [&gate](Tx&) -> Result<std::int64_t> {
      gate.pass();
      return 0;
    };
  }

  /// Starts a write and lets it get as far as it can without waiting.
  void start(Database& database, Function function, Result<std::int64_t>& out, Context with) {
    ++running_;
    auto body = [](Database& d, Context c, Function f, Result<std::int64_t>& o,
                   int& running) -> asio::awaitable<void> {
      auto work = d.write(std::move(c), std::move(f));
      o = co_await std::move(work);
      --running;
    };
    asio::co_spawn(io, body(database, std::move(with), std::move(function), out, running_),
                   asio::detached);
    io.restart();
    io.poll();
  }
  void finish() {
    io.restart();
    auto guard = asio::make_work_guard(io);
    while (running_ > 0) io.run_one();
  }

  int running_ = 0;
};
PARLEY_ON_BOTH_DATABASES(ConcurrencyDbTest);
class PostgresPoolDbTest : public testkit::DatabaseTest {};
PARLEY_ON_DATABASE(PostgresPoolDbTest, postgresql);

TEST_P(PostgresPoolDbTest, WhatComesOneByOneIsDoneByFewConnections) {
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(read([](Tx& tx) { return tx.one("SELECT 1 AS value"); }));
  auto open = read([](Tx& tx) {
    return tx.one(
        "SELECT COUNT(*) AS many FROM pg_stat_activity WHERE datname = current_database() AND "
        "backend_type = 'client backend'");
  });
  ASSERT_TRUE(open) << open.error().detail;
  EXPECT_LT(open->integer("many"), static_cast<std::int64_t>(PostgresOptions{}.connections));
}

TEST_P(ConcurrencyDbTest, AFullQueueIsRateLimited) {
  auto database = narrow(2);
  Gate gate;
  std::array<Result<std::int64_t>, 4> ended;
  start(*database, hold(gate), ended[0], ctx);
  gate.wait_until_entered();
  for (int i = 1; i < 4; ++i) start(*database, insert(i), ended[std::size_t(i)], ctx);
  io.poll();
  gate.open();
  finish();
  EXPECT_TRUE(ended[1]);
  EXPECT_TRUE(ended[2]);
  EXPECT_EQ(ended[3].error().code, Errc::rate_limited);
  EXPECT_EQ(count(), 2);
}

TEST_P(ConcurrencyDbTest, ADeadlineThatPassedInTheQueueIsATimeout) {
  auto database = narrow(16);
  Gate gate;
  std::array<Result<std::int64_t>, 3> ended;
  start(*database, hold(gate), ended[0], ctx);
  gate.wait_until_entered();
  start(*database, insert(1), ended[1], ctx.until(clock.now() + 1h));
  start(*database, insert(2), ended[2], ctx.until(clock.now() + 3h));
  clock.advance(2h);
  gate.open();
  finish();
  EXPECT_EQ(ended[1].error().code, Errc::timeout);
  EXPECT_TRUE(ended[2]);
  EXPECT_EQ(count(), 1);
}

TEST_P(ConcurrencyDbTest, NeighboursInAGroupDoNotSeeEachOthersFailures) {
  auto database = narrow(16);
  Gate gate;
  std::array<Result<std::int64_t>, 6> ended;
  start(*database, hold(gate), ended[0], ctx);
  gate.wait_until_entered();
  auto insert_then_fail = [](Tx& tx) -> Result<std::int64_t> {
    if (auto done = tx.execute("INSERT INTO things (id) VALUES (50)"); !done) return done;
    return fail(Errc::forbidden, "changed my mind");
  };
  start(*database, insert(1), ended[1], ctx);
  start(*database, insert(1), ended[2], ctx);
  start(*database, insert_then_fail, ended[3], ctx);
  start(*database, insert(2), ended[4], ctx);
  gate.open();
  finish();
  EXPECT_TRUE(ended[1]);
  EXPECT_EQ(ended[2].error().code, Errc::conflict);
  EXPECT_EQ(ended[3].error().code, Errc::forbidden);
  EXPECT_TRUE(ended[4]);
  EXPECT_EQ(number("SELECT SUM(id) AS n FROM things"), 3);
}

TEST_P(ConcurrencyDbTest, ADeferredConstraintFailsOnlyItsOwnTransaction) {
  make(
      "CREATE TABLE parts (id BIGINT PRIMARY KEY, thing BIGINT REFERENCES things (id) "
      "DEFERRABLE INITIALLY DEFERRED)");
  auto database = narrow(16);
  Gate gate;
  std::array<Result<std::int64_t>, 3> ended;
  start(*database, hold(gate), ended[0], ctx);
  gate.wait_until_entered();
  auto orphan = [](Tx& tx) { return tx.execute("INSERT INTO parts (id, thing) VALUES (1, 99)"); };
  start(*database, insert(1), ended[1], ctx);
  start(*database, orphan, ended[2], ctx);
  gate.open();
  finish();
  EXPECT_TRUE(ended[1]);
  EXPECT_EQ(ended[2].error().code, Errc::conflict);
  EXPECT_EQ(count(), 1);
}

TEST_P(ConcurrencyDbTest, AReaderKeepsItsSnapshot) {
  make("INSERT INTO things (id) VALUES (1)");
  Gate gate;
  Result<std::int64_t> later = 0;
  auto seen = std::make_shared<std::pair<std::int64_t, std::int64_t>>();
  auto look = [seen, &gate](Tx& tx) -> Result<std::int64_t> {
    auto many = [&] { return tx.one("SELECT COUNT(*) AS n FROM things")->integer("n"); };
    seen->first = many();
    gate.pass();
    seen->second = many();
    return 0;
  };
  auto body = [](Database& d, Context c, Function f) -> asio::awaitable<void> {
    auto work = d.read(std::move(c), std::move(f));
    (void)co_await std::move(work);
  };
  asio::co_spawn(io, body(db(), ctx, look), asio::detached);
  io.restart();
  io.poll();
  gate.wait_until_entered();
  ASSERT_TRUE(write(insert(2)));
  gate.open();
  EXPECT_EQ(count(), 2);
  while (seen->second == 0) io.run_one();
  EXPECT_EQ(*seen, (std::pair<std::int64_t, std::int64_t>{1, 1}));
  io.restart();
  io.run();
}

TEST_P(ConcurrencyDbTest, ChecksHoldUntilTheCommit) {
  // Write skew: each looks whether the other is there and then inserts its own row.
  std::array<Result<std::int64_t>, 24> ended;
  auto only_if_few = [](int id) -> Function {
    return [id](Tx& tx) -> Result<std::int64_t> {
      auto many = tx.one("SELECT COUNT(*) AS n FROM things");
      if (!many) return std::unexpected(many.error());
      if (many->integer("n") >= 3) return fail(Errc::conflict, "taken");
      return tx.execute("INSERT INTO things (id) VALUES (?1)", {id});
    };
  };
  for (std::size_t i = 0; i < ended.size(); ++i)
    start(db(), only_if_few(static_cast<int>(i)), ended[i], ctx);
  finish();
  EXPECT_EQ(std::ranges::count_if(ended, [](auto& e) { return e.has_value(); }), 3);
  for (auto& e : ended)
    if (!e) EXPECT_EQ(e.error().code, Errc::conflict) << e.error().detail;
  EXPECT_EQ(count(), 3);
}

TEST_P(ConcurrencyDbTest, OneHotRowCountsEveryIncrement) {
  make("INSERT INTO things (id) VALUES (1)");
  std::array<Result<std::int64_t>, 100> ended;
  Function increment = [](Tx& tx) {
    return tx.execute("UPDATE things SET amount = amount + 1 WHERE id = 1");
  };
  for (auto& e : ended) start(db(), increment, e, ctx);
  finish();
  auto good = std::ranges::count_if(ended, [](auto& e) { return e.has_value(); });
  for (auto& e : ended)
    if (!e) EXPECT_EQ(e.error().code, Errc::unavailable);
  EXPECT_EQ(number("SELECT amount AS n FROM things"), good);
  EXPECT_EQ(good, 100);
}

TEST_P(ConcurrencyDbTest, CloseFinishesWhatIsQueued) {
  auto database = narrow(16);
  Gate gate;
  std::array<Result<std::int64_t>, 3> ended;
  start(*database, hold(gate), ended[0], ctx);
  gate.wait_until_entered();
  start(*database, insert(1), ended[1], ctx);
  start(*database, insert(2), ended[2], ctx);
  gate.open();
  database->close();
  finish();
  EXPECT_TRUE(ended[1] && ended[2]);
  EXPECT_EQ(count(), 2);
}

TEST_P(ConcurrencyDbTest, CancellationWaitsForTheTransaction) {
  Gate gate;
  asio::cancellation_signal cancel;
  bool ended = false;
  bool went_on = false;
  auto local_in_frame = [](Database& d, Context c, Gate& g, bool& on) -> asio::awaitable<void> {
    std::string local = "alive";
    auto function = [&local, &g](Tx&) -> Result<std::string> {
      g.pass();
      return local;
    };
    auto work = d.write(std::move(c), function);
    auto got = co_await std::move(work);
    EXPECT_EQ(got.value(), "alive");
    auto again = d.read(Context{}, [](Tx&) -> Result<int> { return 1; });
    (void)co_await std::move(again);
    on = true;
  };
  asio::co_spawn(io, local_in_frame(db(), ctx, gate, went_on),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown) {
                   EXPECT_TRUE(thrown);
                   ended = true;
                 }));
  io.restart();
  io.poll();
  gate.wait_until_entered();
  cancel.emit(asio::cancellation_type::terminal);
  io.poll();
  EXPECT_FALSE(ended);
  gate.open();
  auto guard = asio::make_work_guard(io);
  while (!ended) io.run_one();
  EXPECT_FALSE(went_on);
}

TEST_P(ConcurrencyDbTest, AnIoContextMayGoBeforeTheDatabase) {
  auto database = narrow(16);
  Gate gate;
  std::thread releaser;
  int called_late = 0;
  {
    asio::io_context passing;
    auto wait = [](Database& d, Context c, Function f) -> asio::awaitable<void> {
      // The function refers to this frame, as functions do.
      std::vector<int> local(1000, 7);
      auto refers = [&](Tx& tx) -> Result<std::int64_t> {
        auto outcome = f(tx);
        return outcome ? Result<std::int64_t>(std::ranges::count(local, 7)) : outcome;
      };
      auto work = d.write(std::move(c), refers);
      (void)co_await std::move(work);
      ADD_FAILURE() << "resumed in an io_context that was stopped";
    };
    Function late = [&](Tx&) -> Result<std::int64_t> { return ++called_late; };
    asio::co_spawn(passing, wait(*database, ctx, hold(gate)), asio::detached);
    passing.poll();
    gate.wait_until_entered();
    for (int i = 0; i < 5; ++i)
      asio::co_spawn(asio::make_strand(passing), wait(*database, ctx, late), asio::detached);
    passing.poll();
    passing.stop();
    releaser = std::thread([&] { gate.open(); });
  }
  releaser.join();
  database->close();
  // Those that ran before the end was noticed did no harm; nothing else ran.
  EXPECT_LE(called_late, 5);
}

TEST_P(ConcurrencyDbTest, ListenersHearOfEventsOnly) {
  std::atomic<int> heard = 0;
  std::promise<void> first;
  db().on_commit([&] {
    if (++heard == 1) first.set_value();
  });
  ASSERT_TRUE(write(insert(1)));
  auto failing = [](Tx& tx) -> Result<int> {
    (void)tx.append("things/1", {"thing.made", {}});
    return fail(Errc::invalid, "no");
  };
  EXPECT_FALSE(write(failing));
  ASSERT_TRUE(write([](Tx& tx) { return tx.append("things/1", {"thing.made", {}}); }));
  first.get_future().wait();
  db().close();
  EXPECT_EQ(heard, 1);
}

TEST(InlineSqlite, RunsOnTheCallersThread) {
  SystemClock clock;
  auto name = (std::filesystem::temp_directory_path() / "parley-inline-XXXXXX").string();
  ASSERT_TRUE(::mkdtemp(name.data()));
  {
    auto database =
        open_sqlite(clock, {.file = name + "/x.db", .threads = SqliteOptions::Threads::none})
            .value();
    asio::io_context io;
    int done = 0;
    auto body = [](Database& d, int& count) -> asio::awaitable<void> {
      auto me = std::this_thread::get_id();
      auto make =
          d.write(Context{}, [](Tx& tx) { return tx.execute("CREATE TABLE t (n BIGINT)"); });
      EXPECT_TRUE(co_await std::move(make));
      auto look = d.read(Context{}, [me](Tx& tx) -> Result<bool> {
        return tx.query("SELECT * FROM t") && std::this_thread::get_id() == me;
      });
      auto same = co_await std::move(look);
      EXPECT_TRUE(same.value());
      ++count;
    };
    asio::co_spawn(io, body(*database, done), asio::detached);
    io.poll();
    EXPECT_EQ(done, 1) << "nothing may be left for another thread";
  }
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace parley::store
