#include <gtest/gtest.h>

#include "parley/saga/saga.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"
#include "saga_rows.hpp"

namespace parley::saga {
namespace {

class SagaListDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    queue::Queue::Options options;
    options.workers = {{"saga", 1}};
    queue_ = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry_, tracer_}, options);
    sagas = std::make_unique<Sagas>(clock, random, db(), *queue_);
    for (std::string name : {"trip.v1", "order.v1"}) {
      Step step;
      step.name = "only";
      step.repeat = Repeat::safe;
      step.run = [](StepContext) -> Task<json::value> { co_return json::value("ok"); };
      sagas->add({name, {step}});
    }
  }
  void TearDown() override {
    sagas.reset();
    queue_.reset();
    DatabaseTest::TearDown();
  }
  std::string begin(std::string type) {
    clock.advance(1s);
    auto started = run([&] { return sagas->start(ctx, NewSaga{type, {}, ""}); });
    EXPECT_TRUE(started) << started.error().detail;
    return started.value_or(SagaId{}).str();
  }
  SagaPage list(SagaFilter filter) {
    auto page = run([&] { return sagas->list(ctx, filter); });
    EXPECT_TRUE(page) << page.error().detail;
    return page.value_or(SagaPage{});
  }
  static std::vector<std::string> ids(const SagaPage& page) {
    std::vector<std::string> all;
    for (const auto& saga : page.items) all.push_back(saga.id.str());
    return all;
  }
  std::unique_ptr<Sagas> sagas;

 private:
  metrics::Registry registry_;
  trace::NoSpanSink sink_;
  trace::Tracer tracer_{clock, random, sink_};
  std::unique_ptr<queue::Queue> queue_;
};
PARLEY_ON_BOTH_DATABASES(SagaListDbTest);

TEST_P(SagaListDbTest, FiltersAndPagesTheNewestFirst) {
  auto a = begin("trip.v1"), b = begin("order.v1"), c = begin("trip.v1");
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute("UPDATE sagas SET status = 'stuck' WHERE id = ?1", {a});
  }));
  EXPECT_EQ(ids(list({})), (std::vector{c, b, a}));
  EXPECT_EQ(ids(list({.sort = "createdAt"})), (std::vector{a, b, c}));
  EXPECT_EQ(ids(list({.type = "trip.v1"})), (std::vector{c, a}));
  EXPECT_EQ(ids(list({.status = SagaStatus::stuck})), std::vector{a});
  EXPECT_EQ(ids(list({.status = SagaStatus::running, .type = "trip.v1"})), std::vector{c});
  EXPECT_EQ(ids(list({.page = 2, .limit = 2})), std::vector{a});
  EXPECT_EQ(list({.page = 2, .limit = 2}).total, 3);
  EXPECT_EQ(run([&] { return sagas->list(ctx, {.sort = "step"}); }).error().code, Errc::invalid);
  ctx.organization = OrganizationId("org_other");
  EXPECT_TRUE(list({}).items.empty());
  EXPECT_EQ(list({}).total, 0);
}

TEST_P(SagaListDbTest, EveryFilterReadsItsIndex) {
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n WHERE i < 1029999) "
        "INSERT INTO sagas (id, organization_id, type, status, step, input, started_at, updated_at)"
        " SELECT 'saga_' || i, ?1, 'trip.v1', "
        "CASE i % 100 WHEN 0 THEN 'stuck' ELSE 'completed' END, 0, '{}', ?2, ?2 FROM n",
        {ctx.organization, tx.now()});
  }));
  if (on_postgres()) ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("ANALYZE sagas"); }));
  for (std::string type : {"", "trip.v1"})
    for (auto status : {std::optional<SagaStatus>(), std::optional(SagaStatus::stuck)}) {
      store::Params params{ctx.organization};
      if (!type.empty()) params.emplace_back(type);
      auto sql = saga_list_sql({.status = status, .type = type}).value();
      for (const auto& text : {sql.page, sql.count}) {
        auto rows = write([&](store::Tx& tx) -> Result<store::Rows> {
          // Reading all of a table this small costs less than 10,000 steps down an index.
          if (on_postgres() && text == sql.count)
            if (auto off = tx.execute("SET LOCAL enable_seqscan = off"); !off)
              return std::unexpected(off.error());
          return tx.query((on_postgres() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + text, params);
        });
        ASSERT_TRUE(rows) << rows.error().detail;
        std::string plan;
        for (const auto& row : *rows)
          plan += row.text(on_postgres() ? "QUERY PLAN" : "detail") + "\n";
        auto index = type.empty() ? "sagas_listed " : "sagas_listed_type ";
        EXPECT_NE(plan.find(index), std::string::npos) << plan;
        for (auto* bad : {"Seq Scan on sagas", "SCAN sagas", "Filter:"})
          EXPECT_EQ(plan.find(bad), std::string::npos) << bad << "\n" << plan;
      }
    }
  auto page = list({.limit = 10});
  EXPECT_EQ(page.total, 10'000);
  EXPECT_EQ(page.counted, SagaPage::Counted::at_least);
  EXPECT_EQ(page.items.front().id.str(), "saga_1029999");
}

}  // namespace
}  // namespace parley::saga
