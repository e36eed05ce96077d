// Jobs enqueued, run and finished a second, durably, on SQLite (synchronous=FULL) and PostgreSQL
// (fsync on, loopback TCP); and what a claim costs as more jobs are queued. Beside them, in the
// same run on the same PostgreSQL server, graphile-worker and pg-boss (rivals/queue.cjs).
//   queue_bench [jobs for each line] [most queued jobs] [sqlite|postgresql|graphile-worker|pg-boss]
#include <fmt/format.h>
#include <stdlib.h>

#include "parley/base/json.hpp"
#include "parley/queue/queue.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::queue {
namespace {

using Seconds = std::chrono::duration<double>;

struct World {
  explicit World(store::Database& database) : db(database) {
    ctx.organization = OrganizationId("org_bench");
  }
  /// Runs a coroutine to its end, beside whatever else runs.
  template <class Start>
  void run(Start start) {
    bool done = false;
    auto body = [](Start s, bool& ended) -> asio::awaitable<void> {
      auto work = s();
      co_await std::move(work);
      ended = true;
    };
    asio::co_spawn(io, body(std::move(start), done), [](const std::exception_ptr& e) {
      if (e) std::rethrow_exception(e);
    });
    auto guard = asio::make_work_guard(io);
    io.restart();
    while (!done) io.run_one();
  }

  store::Database& db;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer{clock, random, sink};
  asio::io_context io{1};
  Context ctx;
};

std::string_view name(const store::Database& db) {
  return db.kind() == store::Database::Kind::sqlite ? "SQLite" : "PostgreSQL";
}

NewJob job() { return {.handler = "bench.v1", .payload = {{"number", 1}, {"text", "a payload"}}}; }

struct Load {
  std::string_view what;
  int enqueuers;
  int batch;  ///< jobs in one transaction
};
/// Jobs in hand at once: as many as graphile-worker's local queue holds, and fewer than pg-boss
/// has.
constexpr int workers = 512;
constexpr Load loads[]{{"64 enqueuers, one job a transaction", 64, 1},
                       {"8 enqueuers, a hundred jobs a transaction", 8, 100}};

void show(std::string_view name, std::string_view load, double through, double enqueued) {
  fmt::print("{:<15} {:<44} {:>8.0f} jobs/s enqueued + run + finished  ({:>8.0f}/s enqueued)\n",
             name, load, through, enqueued);
  std::fflush(stdout);
}

/// All jobs are enqueued while workers run them; the time ends with the last one finished.
void through(World& world, Load load, std::int64_t jobs) {
  Queue queue(
      {world.io.get_executor(), world.clock, world.random, world.db, world.registry, world.tracer},
      {.workers = {{"default", workers}}});
  std::int64_t ran = 0;
  queue.add("bench.v1", {}, [&](Context, JobRun&) -> Task<void> {
    ++ran;
    co_return Result<void>{};
  });
  queue.start();
  auto began = world.clock.now();
  std::int64_t put = 0;
  double enqueued_after = 0;
  auto enqueuer = [&]() -> asio::awaitable<void> {
    while (put < jobs) {
      put += load.batch;
      auto change = [&](store::Tx& tx) -> Result<void> {
        std::vector<NewJob> many(static_cast<std::size_t>(load.batch), job());
        auto done = queue.enqueue_all(tx, std::move(many));
        if (!done) return std::unexpected(done.error());
        return {};
      };
      auto work = world.db.write(world.ctx, change);
      if (auto done = co_await std::move(work); !done)
        throw std::runtime_error(done.error().detail);
    }
    enqueued_after = Seconds(world.clock.now() - began).count();
  };
  for (int i = 0; i < load.enqueuers; ++i)
    asio::co_spawn(world.io, enqueuer(), [](const std::exception_ptr& e) {
      if (e) std::rethrow_exception(e);
    });
  auto all_finished = [&]() -> asio::awaitable<void> {
    while (true) {
      auto pause = world.clock.sleep_for(2ms);
      co_await std::move(pause);
      if (ran < put || put < jobs) continue;
      auto look = world.db.read(world.ctx, [](store::Tx& tx) {
        return tx.query("SELECT 1 AS one FROM jobs WHERE state IN ('ready', 'running') LIMIT 1");
      });
      auto left = co_await std::move(look);
      if (left && left->empty()) co_return;
    }
  };
  world.run(all_finished);
  auto seconds = Seconds(world.clock.now() - began).count();
  show(name(world.db), load.what, static_cast<double>(put) / seconds,
       static_cast<double>(put) / enqueued_after);
  world.run([&]() -> asio::awaitable<void> { return queue.stop(); });
}

/// One worker, so one claim for each job, out of `queued` ready ones.
void beside(World& world, std::int64_t queued) {
  auto fill = [](store::Tx& tx, std::int64_t from, std::int64_t to) {
    return tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT CAST(?1 AS BIGINT) UNION ALL SELECT i + 1 FROM n "
        "WHERE i < ?2) INSERT INTO jobs (id, organization_id, handler, lane, state, priority, "
        "position, run_at, payload, created_at) SELECT 'fill_' || i, 'org_bench', 'bench.v1', "
        "'idle', 'ready', 5, i, ?3, '{}', ?3 FROM n",
        {from, to, tx.now()});
  };
  std::int64_t there = 0;
  world.run([&]() -> asio::awaitable<void> {
    auto counting = world.db.read(world.ctx, [](store::Tx& tx) {
      return tx.one("SELECT COUNT(*) AS n FROM jobs WHERE lane = 'idle'");
    });
    auto counted = co_await std::move(counting);
    there = counted->integer("n");
    while (there < queued) {
      auto to = std::min(queued, there + 50'000);
      auto work = world.db.write(Context{}, [&](store::Tx& tx) { return fill(tx, there + 1, to); });
      if (auto done = co_await std::move(work); !done)
        throw std::runtime_error(done.error().detail);
      there = to;
    }
  });
  Queue queue(
      {world.io.get_executor(), world.clock, world.random, world.db, world.registry, world.tracer},
      {.workers = {{"idle", 1}}});
  std::int64_t ran = 0;
  const auto measured = std::min<std::int64_t>(300, queued);
  queue.add("bench.v1", {.lane = "idle"}, [&](Context, JobRun&) -> Task<void> {
    ++ran;
    co_return Result<void>{};
  });
  auto began = world.clock.now();
  queue.start();
  world.run([&]() -> asio::awaitable<void> {
    while (ran < measured) {
      auto pause = world.clock.sleep_for(1ms);
      co_await std::move(pause);
    }
  });
  auto each = Seconds(world.clock.now() - began).count() / static_cast<double>(ran);
  fmt::print("{:<15} {:<44} {:>8.3f} ms a job, claimed and finished one by one\n", name(world.db),
             fmt::format("{} jobs ready", queued), each * 1000);
  world.run([&]() -> asio::awaitable<void> { return queue.stop(); });
}

void measure_all(store::Database& db, std::int64_t jobs, std::int64_t most) {
  World world(db);
  world.run([&]() -> asio::awaitable<void> {
    auto migrating = store::migrate(db);
    if (!co_await std::move(migrating)) throw std::runtime_error("migrate");
  });
  for (const auto& load : loads) through(world, load, jobs);
  for (std::int64_t queued = 100; queued <= most; queued *= 100) beside(world, queued);
}

/// A rival in a database of its own.
void rival(testkit::PostgresServer& server, const std::string& name, std::int64_t jobs) {
  for (const auto& load : loads) {
    auto ran = testkit::run_node_script(
        PARLEY_BINARY_DIR "/rivals", PARLEY_SOURCE_DIR "/bench/rivals/queue.cjs",
        {name, server.url(server.make_empty_database()), std::to_string(jobs),
         std::to_string(load.enqueuers), std::to_string(load.batch)},
        {}, 300s);
    boost::system::error_code bad;
    auto said = json::parse(ran.output, bad);
    if (ran.code != 0 || bad || !said.is_object())
      throw std::runtime_error(name + ": " + ran.output);
    show(name, load.what, said.at("perSecond").to_number<double>(),
         said.at("enqueuedPerSecond").to_number<double>());
  }
}

}  // namespace
}  // namespace parley::queue

int main(int argc, char** argv) {
  using namespace parley;
  auto jobs = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 20'000;
  auto most = argc > 2 ? std::strtoll(argv[2], nullptr, 10) : 1'000'000;
  const std::string only = argc > 3 ? argv[3] : "";
  auto wanted = [&](std::string_view whose) { return only.empty() || only == whose; };
  ::setenv("PARLEY_TEST_POSTGRES_FSYNC", "on", 1);
  if (!log::configure({.level = log::Level::error})) return 1;
  SystemClock clock;
  auto folder = (std::filesystem::temp_directory_path() / "parley-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return 1;
  if (wanted("sqlite")) {
    auto sqlite = store::open_sqlite(clock, {.file = folder + "/bench.db"}).value();
    queue::measure_all(*sqlite, jobs, most);
  }
  std::filesystem::remove_all(folder);
  auto& server = testkit::PostgresServer::instance();
  if (wanted("postgresql")) {
    auto postgres = store::open_postgres(clock, {.url = server.url(server.make_empty_database())});
    queue::measure_all(**postgres, jobs, most);
  }
  for (auto* name : {"graphile-worker", "pg-boss"})
    if (wanted(name)) queue::rival(server, name, jobs);
}
