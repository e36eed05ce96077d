// The process is killed at every boundary of a job: before and after each commit of the queue and
// of the handler, before and after the effect outside.
#include <iostream>

#include "parley/queue/queue.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/kill_program.hpp"

namespace parley::queue {
namespace {

using testkit::kill_point;
using testkit::KillRun;
using testkit::ledger_of;

/// Wants a job, once, and runs until it is done. Its handler reaches outside under the job's key,
/// then finishes the job together with a row of its own.
void run_job(const KillRun& run) {
  testkit::KillProgram program(run, "queue");
  Queue::Options options;
  options.lease = program.lease;
  options.poll = 1h;
  Queue queue({program.io.get_executor(), program.clock, program.random, *program.watched,
               program.registry, program.tracer},
              options);
  auto ledger = ledger_of(run);
  queue.add("work.v1", {}, [&](Context ctx, JobRun& job) -> Task<void> {
    auto wanted = std::string(job.payload().at("wanted").as_string());
    ledger.book("tried", wanted);
    kill_point("before the effect");
    ledger.book_once("effect", job.idempotency_key());
    kill_point("after the effect");
    auto change = [&](store::Tx& tx) -> Result<void> {
      auto put = tx.execute("INSERT INTO effects VALUES (?1, ?2)", {wanted, job.idempotency_key()});
      if (!put) return std::unexpected(put.error());
      return job.finish(tx);
    };
    auto work = program.watched->write(ctx, change);
    co_return co_await std::move(work);
  });
  program.run([&]() -> asio::awaitable<void> {
    queue.start();
    auto want = program.watched->write(program.ctx, [&](store::Tx& tx) -> Result<void> {
      auto wanted = tx.execute("INSERT INTO wanted VALUES (?1) ON CONFLICT DO NOTHING", {run.key});
      if (!wanted) return std::unexpected(wanted.error());
      if (*wanted == 0) return {};
      NewJob job;
      job.handler = "work.v1";
      job.payload = {{"wanted", run.key}};
      auto enqueued = queue.enqueue(tx, std::move(job));
      if (!enqueued) return std::unexpected(enqueued.error());
      return {};
    });
    if (auto done = co_await std::move(want); !done) throw std::runtime_error(done.error().detail);
    auto done = program.until_found("SELECT job FROM effects WHERE key = ?1", {run.key});
    co_await std::move(done);
    auto ending = queue.stop();
    co_await std::move(ending);
  });
}

const testkit::KillScenario scenario{"job", run_job};

class JobKillDbTest : public testkit::DatabaseTest {};
PARLEY_ON_BOTH_DATABASES(JobKillDbTest);

TEST_P(JobKillDbTest, RunsAgainUnderTheSameKeyAndFinishesOnce) {
  ASSERT_TRUE(write([](store::Tx& tx) -> Result<void> {
    for (auto sql : {"CREATE TABLE wanted (key TEXT PRIMARY KEY)",
                     "CREATE TABLE effects (key TEXT, job TEXT)"})
      if (auto made = tx.execute(sql); !made) return std::unexpected(made.error());
    return {};
  }));
  int repeated = 0;
  auto walked = testkit::walk_kill_points({"job", url(), folder(), ""}, [&](const KillRun& run) {
    auto effects = read([&](store::Tx& tx) {
      return tx.query("SELECT job FROM effects WHERE key = ?1", {run.key});
    });
    ASSERT_EQ(effects->size(), 1u);
    auto id = effects->front().text("job");
    auto ledger = ledger_of(run);
    EXPECT_EQ(ledger.count("effect", id), 1) << "another attempt had another key";
    auto jobs =
        read([&](store::Tx& tx) { return tx.query("SELECT state FROM jobs WHERE id = ?1", {id}); });
    ASSERT_EQ(jobs->size(), 1u);
    EXPECT_EQ(jobs->front().text("state"), "done");
    repeated += ledger.count("tried", run.key) > 1 ? 1 : 0;
  });
  std::cout << "job: killed at " << walked.killed.size() << " points\n";
  EXPECT_GE(walked.killed.size(), 10u);
  EXPECT_GE(repeated, 2) << "killed in mid-job, it ran again";
  // All that was left is swept up: no job is left behind in any state but done.
  auto left = read(
      [](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM jobs WHERE state <> 'done'"); });
  EXPECT_EQ(left->integer("n"), 0);
}

}  // namespace
}  // namespace parley::queue
