#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

class JobListDbTest : public QueueDbTest {
 protected:
  store::Listed<Job> list(Queue& queue, JobFilter filter) {
    auto page = run([&] { return queue.list(ctx, filter); });
    EXPECT_TRUE(page) << page.error().detail;
    return page.value_or(store::Listed<Job>{});
  }
  static std::vector<std::string> ids(const store::Listed<Job>& page) {
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
  EXPECT_TRUE(page.counted_all());
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
  EXPECT_FALSE(page.counted_all());
  ASSERT_EQ(page.items.size(), 50u);
  EXPECT_EQ(page.items.back().id.str(), "job_1000050");
  EXPECT_TRUE(list(queue, {.page = 201, .limit = 50}).items.empty());
  auto dead = list(queue, {.state = JobState::dead});
  EXPECT_EQ(dead.total, 101);
  EXPECT_TRUE(dead.counted_all());
}

/// A page of a million jobs reads fifty of them.
TEST_P(JobListDbTest, APageReadsItsIndex) {
  fill(30'000);
  if (on_postgres()) ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("ANALYZE jobs"); }));
  auto rows = write([&](store::Tx& tx) {
    return tx.query(std::string(on_postgres() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") +
                        "SELECT payload FROM jobs WHERE organization_id = ?1 "
                        "ORDER BY created_at DESC, id DESC LIMIT 50 OFFSET 0",
                    {ctx.organization});
  });
  ASSERT_TRUE(rows) << rows.error().detail;
  std::string plan;
  for (const auto& row : *rows) plan += row.text(on_postgres() ? "QUERY PLAN" : "detail") + "\n";
  EXPECT_NE(plan.find("jobs_listed"), std::string::npos) << plan;
  for (auto* bad : {"Seq Scan", "SCAN jobs", "Sort", "TEMP B-TREE"})
    EXPECT_EQ(plan.find(bad), std::string::npos) << plan;
}

}  // namespace
}  // namespace parley::queue
