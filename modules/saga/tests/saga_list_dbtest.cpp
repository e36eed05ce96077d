#include <gtest/gtest.h>

#include "parley/saga/saga.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

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
  store::Listed<SagaView> list(SagaFilter filter) {
    auto page = run([&] { return sagas->list(ctx, filter); });
    EXPECT_TRUE(page) << page.error().detail;
    return page.value_or(store::Listed<SagaView>{});
  }
  static std::vector<std::string> ids(const store::Listed<SagaView>& page) {
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

}  // namespace
}  // namespace parley::saga
