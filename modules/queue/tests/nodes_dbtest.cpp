// Several nodes on one database: leases, fencing, taking over, clocks that are wrong.
#include "job_rows.hpp"
#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

class NodesDbTest : public QueueDbTest {
 protected:
  static Queue::Options node_options() {
    auto options = quiet();
    options.poll = 20ms;
    options.lease = 30s;
    return options;
  }
  /// A node on an event loop of its own, which the test may let stand still.
  struct Frozen {
    asio::io_context io{1};
    void run_a_while() {
      auto guard = asio::make_work_guard(io);
      io.restart();
      for (int i = 0; i < 20; ++i) io.run_one_for(1ms);
    }
  };
  template <class Condition>
  void until_on(Frozen& other, Condition condition) {
    auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), give_up);
      other.run_a_while();
    }
  }
};
PARLEY_ON_BOTH_DATABASES(NodesDbTest);

TEST_P(NodesDbTest, TwoNodesNeverRunOneJobBoth) {
  auto other = open_another();
  auto options = node_options();
  std::map<std::string, int> times;
  int ran[2] = {0, 0};
  std::vector<Queue*> nodes;
  for (int n = 0; n < 2; ++n) {
    auto& queue = make(options, io, n == 0 ? db() : *other);
    queue.add("work.v1", {}, [this, &times, &ran, n](Context, JobRun& run) -> Task<void> {
      ++times[run.idempotency_key()];
      ++ran[n];
      // Neither does it all before the other has begun.
      while (ran[0] == 0 || ran[1] == 0) {
        auto pause = clock.sleep_for(1ms);
        co_await std::move(pause);
      }
      co_return Result<void>{};
    });
    nodes.push_back(&queue);
  }
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    for (int i = 0; i < 300; ++i)
      if (auto put = nodes[0]->enqueue(tx, job("x")); !put) return std::unexpected(put.error());
    return {};
  }));
  for (auto* node : nodes) node->start();
  until([&] { return ran[0] + ran[1] >= 300; });
  let_run(50);
  EXPECT_EQ(times.size(), 300u);
  for (const auto& [key, many] : times) EXPECT_EQ(many, 1) << key;
  EXPECT_GT(ran[0], 0);
  EXPECT_GT(ran[1], 0);
  for (auto* node : nodes) stop(*node);
}

TEST_P(NodesDbTest, AWorkerWhoseLeaseEndedCannotFinish) {
  Frozen frozen;
  auto other = open_another();
  bool release = false;
  int refused = 0;
  auto& slow = make(node_options(), frozen.io, *other);
  slow.add("work.v1", {.time_limit = 1h}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    // What it tries to write now comes too late.
    auto noting = run.progress(50, {});
    auto noted = co_await std::move(noting);
    if (!noted && noted.error().code == Errc::conflict) ++refused;
    auto finishing = other->write(c, [&](store::Tx& tx) { return run.finish(tx); });
    auto finished = co_await std::move(finishing);
    if (!finished && finished.error().code == Errc::conflict) ++refused;
    co_return Result<void>{};
  });
  slow.start();
  auto id = put(slow, job("x")).id;
  until_on(frozen, [&] { return seen.size() == 1; });

  // The first node stands still; another one takes its job over.
  auto& quick = make(node_options());
  bool second_began = false, second_release = false;
  quick.add("work.v1", {.time_limit = 1h}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    second_began = true;
    while (!second_release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  quick.start();
  let_run(20);
  EXPECT_EQ(seen.size(), 1u) << "not before its lease has ended";
  pass_time(5s, [&] { return second_began; });
  EXPECT_EQ(seen[1].key, seen[0].key);
  EXPECT_EQ(seen[1].attempt, 2);

  // The first one wakes up and says that it is done.
  release = true;
  until_on(frozen, [&] { return refused == 2; });
  for (int i = 0; i < 10; ++i) frozen.run_a_while();
  EXPECT_EQ(state(quick, id), JobState::running) << "of the second node";
  second_release = true;
  until_state(quick, id, JobState::done);
  EXPECT_EQ(look(quick, id).attempts, 2);
  // The first one is back under another name and works again.
  put(slow, job("y"));
  until([&] { return seen.size() == 3; });
  bool stopped = false;
  asio::co_spawn(
      frozen.io,
      [&]() -> asio::awaitable<void> {
        auto ending = slow.stop();
        co_await std::move(ending);
        stopped = true;
      },
      [](std::exception_ptr) {});
  until_on(frozen, [&] { return stopped; });
}

TEST_P(NodesDbTest, AnAnswerAfterTheLeaseEndedIsRefused) {
  auto& queue = make(node_options());
  bool release = false;
  queue.add("work.v1", {}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  queue.start();
  auto id = put(queue, job("x")).id;
  until([&] { return seen.size() == 1; });
  // Another node has taken it, and this one has not noticed.
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<std::vector<Claimed>> {
    if (auto ready = set_state(tx, id, JobState::running, JobState::ready); !ready)
      return std::unexpected(ready.error());
    return claim_jobs(tx, db().kind(), "default", "node_other", 1);
  }));
  release = true;
  until([&] {
    return registry_.text().find(
               "parley_queue_attempts_total{handler=\"work.v1\",outcome=\"refused\"} 1") !=
           std::string::npos;
  });
  EXPECT_EQ(state(queue, id), JobState::running) << "of the other";
}

TEST_P(NodesDbTest, PoisonThatKillsEachWorkerIsADeadLetter) {
  auto& queue = make(node_options());
  queue.add("work.v1", {.max_attempts = 2}, noting());
  auto id = put(queue, job("poison")).id;
  auto harmless = put(queue, job("harmless")).id;
  // Two nodes that claimed it and were never heard of again.
  for (auto node : {"node_killed_1", "node_killed_2"}) {
    ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
      auto made = tx.execute("INSERT INTO job_nodes (node, beat, started_at) VALUES (?1, 0, ?2)",
                             {node, tx.now()});
      if (!made) return std::unexpected(made.error());
      auto claimed = claim_jobs(tx, db().kind(), "default", node, 1);
      if (!claimed) return std::unexpected(claimed.error());
      EXPECT_EQ(claimed->at(0).job.id, id);
      return {};
    }));
    auto& keeper = make(node_options());
    keeper.add("other.v1", {.max_attempts = 2}, noting());
    keeper.add("work.v1", {.max_attempts = 2}, noting());
    if (std::string(node) == "node_killed_2") {
      keeper.start();
      pass_time(5s, [&] { return state(keeper, id) == JobState::dead; });
      until_state(keeper, harmless, JobState::done);
    } else {
      // The row goes back by hand, as a takeover would have it, still the first in order.
      ASSERT_TRUE(write([&](store::Tx& tx) {
        return tx.execute("UPDATE jobs SET state = 'ready', node = '' WHERE id = ?1", {id});
      }));
      ASSERT_TRUE(write([&](store::Tx& tx) { return tx.execute("DELETE FROM job_nodes"); }));
    }
  }
  EXPECT_EQ(look(queue, id).last_error, "the node that ran it died, in the last of its attempts");
  EXPECT_EQ(look(queue, id).attempts, 2);
  EXPECT_EQ(whats(), std::vector<std::string>{"harmless"});
}

TEST_P(NodesDbTest, JobsOfANodeThatNobodyKnowsAreTakenOverToo) {
  auto& queue = make(node_options());
  queue.add("work.v1", {}, noting());
  auto id = put(queue, job("x")).id;
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return claim_jobs(tx, db().kind(), "default", "node_declared_dead_before", 1);
  }));
  queue.start();
  pass_time(5s, [&] { return state(queue, id) == JobState::done; });
  EXPECT_EQ(seen.at(0).attempt, 2);
}

TEST_P(NodesDbTest, StoppingHandsJobsBackWithoutCountingAnAttempt) {
  auto& queue = make(node_options());
  queue.add("work.v1", {}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    auto pause = clock.sleep_for(1h);
    co_await std::move(pause);
    co_return Result<void>{};
  });
  queue.start();
  auto id = put(queue, job("x")).id;
  until([&] { return seen.size() == 1; });
  stop(queue);
  EXPECT_EQ(state(queue, id), JobState::ready);
  EXPECT_EQ(look(queue, id).attempts, 0);
  auto nodes = read([](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM job_nodes"); });
  EXPECT_EQ(nodes->integer("n"), 0);
  auto& next = make(node_options());
  next.add("work.v1", {}, noting());
  next.start();
  until_state(next, id, JobState::done);
  EXPECT_EQ(seen.at(1).attempt, 1);
}

TEST_P(NodesDbTest, ARunningJobIsCancelledFromAnotherNode) {
  auto options = node_options();
  auto& runs = make(options);
  bool began = false;
  runs.add("work.v1", {.time_limit = 1h}, [&](Context, JobRun&) -> Task<void> {
    began = true;
    auto pause = clock.sleep_for(30min);
    co_await std::move(pause);
    co_return Result<void>{};
  });
  runs.start();
  auto id = put(runs, job("x")).id;
  until([&] { return began; });
  auto other = open_another();
  auto& asks = make(options, io, *other);
  ASSERT_TRUE(run([&] { return asks.cancel(ctx, id); }));
  clock.advance(10s);
  until_state(runs, id, JobState::cancelled);
  stop(asks);
}

TEST_P(NodesDbTest, TheClockSetBackAnHour) {
  auto& queue = make(node_options());
  queue.add("work.v1", {.first_pause = 1min}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    if (run.payload().at("what") == "fails" && run.attempt() == 1)
      co_return fail(Errc::unavailable, "once");
    co_return Result<void>{};
  });
  queue.start();
  ASSERT_TRUE(run([&] {
    return queue.schedule(ctx, {"quarters", "*/15 * * * *", "UTC", "work.v1", {{"what", "cron"}}});
  }));
  ASSERT_TRUE(run([&] {
    return queue.schedule(ctx, {"daily", "5 15 * * *", "UTC", "work.v1", {{"what", "daily"}}});
  }));
  // 15:00: the daily one runs at 15:05, the other at 15:15.
  clock.advance(5min);
  until([&] { return whats() == std::vector<std::string>{"daily"}; });
  until_finished();
  clock.advance(10min);
  until([&] { return seen.size() == 2; });
  until_finished();
  auto delayed = job("delayed");
  delayed.delay = 5min;
  auto soon = put(queue, delayed).id;
  auto failing = put(queue, job("fails")).id;
  until_state(queue, failing, JobState::delayed);

  clock.set_wall(clock.wall() - 1h);
  auto at_once = put(queue, job("at once")).id;
  until_state(queue, at_once, JobState::done);
  clock.advance(2min);
  until_state(queue, failing, JobState::done);
  clock.advance(4min);
  until_state(queue, soon, JobState::done);
  // It is 14:21 again. Quarters go on at 14:30, the daily one has had its turn.
  seen.clear();
  clock.advance(9min);
  until([&] { return whats() == std::vector<std::string>{"cron"}; });
  until_finished();
  clock.advance(45min);  // 15:15 again
  let_run(100);
  for (const auto& what : whats()) EXPECT_EQ(what, "cron");
  auto schedules = run([&] { return queue.schedules(ctx); });
  EXPECT_EQ(to_rfc3339(schedules->at(0).next_at), "2026-03-03T15:05:00.000Z");
}

TEST_P(NodesDbTest, ADeadNodeIsFoundWhateverTheClocksSay) {
  auto& queue = make(node_options());
  queue.add("work.v1", {}, noting());
  auto id = put(queue, job("x")).id;
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<std::vector<Claimed>> {
    auto made = tx.execute(
        "INSERT INTO job_nodes (node, beat, started_at) VALUES ('node_dead', 7, ?1)", {tx.now()});
    if (!made) return std::unexpected(made.error());
    return claim_jobs(tx, db().kind(), "default", "node_dead", 1);
  }));
  queue.start();
  let_run(20);
  clock.set_wall(clock.wall() - 1h);
  pass_time(5s, [&] { return state(queue, id) == JobState::done; });
  EXPECT_NE(registry_.text().find("parley_queue_taken_over_total 1"), std::string::npos);
}

}  // namespace
}  // namespace parley::queue
