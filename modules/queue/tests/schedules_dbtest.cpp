#include "job_rows.hpp"
#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

class SchedulesDbTest : public QueueDbTest {
 protected:
  Result<void> plan(Queue& queue, Schedule schedule) {
    return run([&] { return queue.schedule(ctx, schedule); });
  }
  std::vector<ScheduleStatus> all(Queue& queue) {
    return run([&] { return queue.schedules(ctx); }).value();
  }
};
PARLEY_ON_BOTH_DATABASES(SchedulesDbTest);

TEST_P(SchedulesDbTest, RunsAtItsTimeInItsZone) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.start();
  // It is Monday, 10:00 in New York.
  ASSERT_TRUE(plan(queue, {"report",
                           "30 10 * * MON",
                           "America/New_York",
                           "work.v1",
                           {{"what", "weekly"}},
                           Priority::urgent}));
  EXPECT_EQ(to_rfc3339(all(queue).at(0).next_at), "2026-03-02T15:30:00.000Z");
  clock.advance(29min);
  let_run(30);
  EXPECT_TRUE(seen.empty());
  clock.advance(1min);
  until([&] { return seen.size() == 1; });
  EXPECT_EQ(seen[0].organization, ctx.organization);
  EXPECT_EQ(seen[0].what, "weekly");
  EXPECT_EQ(to_rfc3339(all(queue).at(0).next_at), "2026-03-09T14:30:00.000Z")
      << "daylight saving began";
  EXPECT_EQ(all(queue).at(0).last_at, clock.wall());
}

TEST_P(SchedulesDbTest, MissedOnesAreMadeUpForOnce) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  ASSERT_TRUE(plan(queue, {"often", "*/10 * * * *", "UTC", "work.v1", {}}));
  clock.advance(6h);
  queue.start();
  until([&] { return seen.size() == 1; });
  let_run(50);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(to_rfc3339(all(queue).at(0).next_at), "2026-03-02T21:10:00.000Z");
}

TEST_P(SchedulesDbTest, OneThatStillRunsLeavesTheNextOut) {
  auto& queue = make(quiet());
  bool release = false;
  queue.add("work.v1", {.time_limit = 24h}, [&](Context c, JobRun& run) -> Task<void> {
    note(c, run);
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  queue.start();
  ASSERT_TRUE(plan(queue, {"often", "* * * * *", "UTC", "work.v1", {}}));
  clock.advance(1min);
  until([&] { return seen.size() == 1; });
  for (int i = 0; i < 3; ++i) {
    clock.advance(1min);
    auto next = clock.wall() + 1min;
    until([&] { return all(queue).at(0).next_at == next; });
  }
  release = true;
  let_run(50);
  EXPECT_EQ(seen.size(), 1u);
  clock.advance(1min);
  until([&] { return seen.size() == 2; });
}

TEST_P(SchedulesDbTest, TwoNodesFireOnce) {
  auto other = open_another();
  auto options = quiet();
  options.poll = 5ms;
  auto& a = make(options);
  auto& b = make(options, io, *other);
  for (auto* queue : {&a, &b}) {
    queue->add("work.v1", {}, noting());
    queue->start();
  }
  ASSERT_TRUE(plan(a, {"often", "* * * * *", "UTC", "work.v1", {}}));
  auto unfinished = [](store::Tx& tx) {
    return tx.query("SELECT id FROM jobs WHERE state <> 'done'");
  };
  for (std::size_t i = 1; i <= 5; ++i) {
    clock.advance(1min);
    until([&] { return seen.size() >= i; });
    let_run(20);
    EXPECT_EQ(seen.size(), i);
    // While an occurrence has not ended, the next one is left out.
    until([&] { return read(unfinished).value().empty(); });
  }
  stop(b);
}

TEST_P(SchedulesDbTest, ChangingKeepsTheNextOccurrenceUnlessTheTimesChange) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  ASSERT_TRUE(plan(queue, {"often", "0 * * * *", "UTC", "work.v1", {}}));
  auto first = all(queue).at(0).next_at;
  clock.advance(2h);
  ASSERT_TRUE(plan(queue, {"often", "0 * * * *", "UTC", "work.v1", {{"what", "changed"}}}));
  EXPECT_EQ(all(queue).at(0).next_at, first) << "it is still to be made up for";
  EXPECT_EQ(all(queue).at(0).schedule.payload, (json::object{{"what", "changed"}}));
  ASSERT_TRUE(plan(queue, {"often", "30 * * * *", "UTC", "work.v1", {}}));
  EXPECT_EQ(to_rfc3339(all(queue).at(0).next_at), "2026-03-02T17:30:00.000Z");
  ASSERT_TRUE(run([&] { return queue.unschedule(ctx, "often"); }));
  ASSERT_TRUE(run([&] { return queue.unschedule(ctx, "often"); }));
  EXPECT_TRUE(all(queue).empty());
}

TEST_P(SchedulesDbTest, WhatMakesNoSenseIsRefused) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  EXPECT_EQ(plan(queue, {"a", "61 * * * *", "UTC", "work.v1", {}}).error().code, Errc::invalid);
  EXPECT_EQ(plan(queue, {"a", "* * * * *", "Mars/Olympus", "work.v1", {}}).error().code,
            Errc::invalid);
  EXPECT_EQ(plan(queue, {"a", "* * * * *", "UTC", "wrok.v1", {}}).error().code, Errc::not_found);
  EXPECT_EQ(plan(queue, {"", "* * * * *", "UTC", "work.v1", {}}).error().code, Errc::invalid);
}

TEST_P(SchedulesDbTest, ClaimsPromotionsAndSchedulesUseTheirIndexes) {
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    // Enough that reading all rows would cost more than an index.
    auto put = tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
        "INSERT INTO jobs (id, organization_id, handler, lane, state, priority, position, run_at, "
        "payload, created_at, finished_at) SELECT 'job_' || i, 'org', 'h', 'default', "
        "CASE i % 3 WHEN 0 THEN 'done' WHEN 1 THEN 'ready' ELSE 'delayed' END, 5, i, ?1, '{}', ?1, "
        "CASE i % 3 WHEN 0 THEN ?1 END FROM n",
        {tx.now()});
    if (!put) return std::unexpected(put.error());
    return {};
  }));
  auto plan_of = [&](std::string sql, store::Params params) {
    auto rows = write([&](store::Tx& tx) -> Result<store::Rows> {
      if (on_postgres())
        if (auto analyzed = tx.execute("ANALYZE jobs"); !analyzed)
          return std::unexpected(analyzed.error());
      return tx.query((on_postgres() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + sql, params);
    });
    EXPECT_TRUE(rows) << rows.error().detail;
    std::string text;
    if (rows)
      for (const auto& row : *rows)
        text += row.text(on_postgres() ? "QUERY PLAN" : "detail") + "\n";
    return text;
  };
  for (std::size_t limit : {1u, 64u}) {
    auto plan = plan_of(claim_sql(db().kind(), limit), {"default", "node", clock.wall()});
    EXPECT_NE(plan.find("jobs_ready"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Seq Scan on jobs"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("SCAN jobs\n"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("TEMP B-TREE FOR ORDER BY"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Sort"), std::string::npos) << plan;
  }
}

}  // namespace
}  // namespace parley::queue
