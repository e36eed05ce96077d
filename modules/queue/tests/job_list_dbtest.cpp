#include "job_list.hpp"
#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

class JobListDbTest : public QueueDbTest {
 protected:
  JobPage list(Queue& queue, JobFilter filter) {
    auto page = run([&] { return queue.list(ctx, filter); });
    EXPECT_TRUE(page) << page.error().detail;
    return page.value_or(JobPage{});
  }
  static std::vector<std::string> ids(const JobPage& page) {
    std::vector<std::string> all;
    for (const auto& job : page.items) all.push_back(job.id.str());
    return all;
  }
  /// `many` jobs of the organization, the newest of them done; a hundredth of them dead.
  void fill(int many) {
    ASSERT_TRUE(write([&](store::Tx& tx) {
      return tx.execute(
          "WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
          "INSERT INTO jobs (id, organization_id, handler, lane, state, priority, position, "
          "run_at, payload, created_at) SELECT 'job_' || i, ?2, "
          "CASE i % 2 WHEN 0 THEN 'even.v1' ELSE 'odd.v1' END, 'lane', "
          "CASE i % 100 WHEN 0 THEN 'dead' ELSE 'done' END, 5, i, ?3, '{}', ?3 FROM n",
          {1'000'000 + many - 1, ctx.organization, tx.now()});
    }));
  }
  /// `first`, on PostgreSQL alone: reading all of a table this small costs less than 10,000 steps
  /// down an index, and for a million rows it does not.
  std::string plan_of(const std::string& sql, const store::Params& params, std::string first = "") {
    auto rows = write([&](store::Tx& tx) -> Result<store::Rows> {
      if (on_postgres() && !first.empty())
        if (auto set = tx.execute(first); !set) return std::unexpected(set.error());
      return tx.query((on_postgres() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + sql, params);
    });
    EXPECT_TRUE(rows) << rows.error().detail;
    std::string text;
    if (rows)
      for (const auto& row : *rows)
        text += row.text(on_postgres() ? "QUERY PLAN" : "detail") + "\n";
    return text;
  }
};
PARLEY_ON_BOTH_DATABASES(JobListDbTest);

TEST_P(JobListDbTest, FiltersAndPagesTheNewestFirst) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.add("slow.v1", {.lane = "slow"}, noting());
  std::vector<std::string> work, all;
  for (int i = 0; i < 5; ++i) {
    clock.advance(1s);
    auto job = JobListDbTest::job("w");
    if (i == 4) job.delay = 1h;
    work.push_back(put(queue, job).id.str());
    clock.advance(1s);
    all.insert(all.begin(), {put(queue, JobListDbTest::job("s", "slow.v1")).id.str(), work.back()});
  }
  auto page = list(queue, {});
  EXPECT_EQ(ids(page), all);
  EXPECT_EQ(page.total, 10);
  EXPECT_EQ(page.counted, JobPage::Counted::all);
  EXPECT_EQ(ids(list(queue, {.page = 2, .limit = 4})),
            (std::vector(all.begin() + 4, all.begin() + 8)));
  EXPECT_EQ(ids(list(queue, {.page = 3, .limit = 4})), (std::vector(all.begin() + 8, all.end())));
  EXPECT_TRUE(list(queue, {.page = 4, .limit = 4}).items.empty());
  EXPECT_EQ(ids(list(queue, {.handler = "work.v1", .sort = "createdAt"})), work);
  EXPECT_EQ(list(queue, {.lane = "slow"}).total, 5);
  EXPECT_EQ(list(queue, {.lane = "slow", .handler = "work.v1"}).total, 0);
  EXPECT_EQ(list(queue, {.lane = "default", .handler = "work.v1"}).total, 5);
  EXPECT_EQ(list(queue, {.handler = "nobody.v1"}).total, 0);
  EXPECT_EQ(ids(list(queue, {.state = JobState::delayed})), std::vector{work.back()});
  EXPECT_EQ(list(queue, {.state = JobState::ready, .lane = "default"}).total, 4);
  EXPECT_EQ(list(queue, {.state = JobState::ready, .handler = "work.v1"}).total, 4);
  auto refused = run([&] { return queue.list(ctx, {.sort = "lane"}); });
  EXPECT_EQ(refused.error().code, Errc::invalid);
}

TEST_P(JobListDbTest, AnOrganizationSeesItsOwn) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  put(queue, job("ours"));
  ctx.organization = OrganizationId("org_other");
  auto theirs = put(queue, job("theirs"));
  auto page = list(queue, {.lane = "default", .handler = "work.v1"});
  EXPECT_EQ(ids(page), std::vector{theirs.id.str()});
  EXPECT_EQ(ids(list(queue, {})), std::vector{theirs.id.str()});
}

/// A handler that was moved to another lane keeps its older jobs in the list.
TEST_P(JobListDbTest, AHandlersJobsInTwoLanesAreOneList) {
  auto& before = make(quiet());
  before.add("work.v1", {}, noting());
  auto older = put(before, job("a")).id.str();
  clock.advance(1s);
  auto& after = make(quiet());
  after.add("work.v1", {.lane = "slow"}, noting());
  auto newer = put(after, job("b")).id.str();
  EXPECT_EQ(ids(list(after, {.handler = "work.v1"})), (std::vector{newer, older}));
  EXPECT_EQ(ids(list(after, {.lane = "slow", .handler = "work.v1"})), std::vector{newer});
}

TEST_P(JobListDbTest, CountsNoFurtherThanTenThousandAndSaysSo) {
  auto& queue = make(quiet());
  fill(10'050);
  auto page = list(queue, {.page = 200, .limit = 50});
  EXPECT_EQ(page.total, 10'000);
  EXPECT_EQ(page.counted, JobPage::Counted::at_least);
  ASSERT_EQ(page.items.size(), 50u);
  EXPECT_EQ(page.items.back().id.str(), "job_1000050");
  EXPECT_TRUE(list(queue, {.page = 201, .limit = 50}).items.empty());
  auto dead = list(queue, {.state = JobState::dead});
  EXPECT_EQ(dead.total, 101);
  EXPECT_EQ(dead.counted, JobPage::Counted::all);
}

/// Whatever is asked for, no step of the plan passes over rows that are not shown or counted.
TEST_P(JobListDbTest, EveryFilterReadsItsIndex) {
  fill(30'000);
  // Of another organization, in every state: no index over one state is small.
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) "
        "INSERT INTO jobs (id, organization_id, handler, lane, state, priority, position, run_at, "
        "payload, created_at) SELECT 'job_else' || i, 'org_else', 'even.v1', 'lane', "
        "CASE i % 7 WHEN 0 THEN 'dead' WHEN 1 THEN 'ready' WHEN 2 THEN 'delayed' WHEN 3 THEN "
        "'scheduled' WHEN 4 THEN 'waiting' WHEN 5 THEN 'running' ELSE 'cancelled' END, 5, i, ?1, "
        "'{}', ?1 FROM n",
        {tx.now()});
  }));
  if (on_postgres()) ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("ANALYZE jobs"); }));
  std::vector<JobFilter> filters;
  for (std::string lane : {"", "lane"})
    for (std::string handler : {"", "even.v1"})
      for (std::optional<JobState> state :
           {std::optional<JobState>(), std::optional(JobState::dead),
            std::optional(JobState::done)})
        for (std::int64_t page : {1, 40}) filters.push_back({state, lane, handler, page, 50, ""});
  auto expect_indexed = [](const std::string& plan, const std::string& index) {
    EXPECT_NE(plan.find(index + " "), std::string::npos) << index << "\n" << plan;
    for (auto* bad : {"Seq Scan on jobs", "SCAN jobs", "Filter:"})
      EXPECT_EQ(plan.find(bad), std::string::npos) << bad << "\n" << plan;
  };
  for (auto& filter : filters) {
    std::vector<std::string> lanes{"lane"};
    auto sql = job_list_sql(ctx.organization, filter, lanes).value();
    std::string index = !filter.handler.empty() ? "jobs_listed_handler"
                        : !filter.lane.empty()  ? "jobs_listed_lane"
                                                : "jobs_listed";
    expect_indexed(plan_of(sql.page, sql.params), index);
    expect_indexed(plan_of(sql.count, sql.params, "SET LOCAL enable_seqscan = off"), index);
  }
  expect_indexed(plan_of(std::string(next_lane_sql), {ctx.organization, "even.v1", ""}),
                 "jobs_listed_handler");
}

}  // namespace
}  // namespace parley::queue
