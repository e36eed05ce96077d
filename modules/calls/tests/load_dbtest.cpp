#include <gmock/gmock.h>

#include "calls_fixture.hpp"
#include "parley/telemetry/load_watch.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::calls {
namespace {

using ::testing::HasSubstr;

using namespace testing;  // fakes

/// A service whose node has loops in virtual time, to be made late.
class LoadDbTest : public CallsDbTest {
 protected:
  void SetUp() override {
    watch.watch(loops, world.executor(), "core-0");
    load = &watch;
    CallsDbTest::SetUp();
  }
  void TearDown() override {
    CallsDbTest::TearDown();
    world.run([&]() -> Task<void> {
      co_await loops.stop();
      co_return Result<void>{};
    });
  }
  void late_seconds(int count) {
    for (int i = 0; i < count; ++i) {
      world.run_for(500ms);
      world.clock().advance_to(world.clock().now() + 500ms);
      world.run_for(10ms);
    }
  }

  testkit::SimWorld world;
  metrics::Registry registry;
  TaskGroup loops{world.executor()};
  LoadWatch watch{world.clock(), registry};
};

PARLEY_ON_BOTH_DATABASES(LoadDbTest);

TEST_P(LoadDbTest, NewCallersHearAnApologyWhileTheNodeIsBehindAndNotAfter) {
  auto before = token_of(ring("CA1"));
  late_seconds(5);
  ASSERT_EQ(watch.load(), Load::overloaded);
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA2")).text, HasSubstr("all lines are busy"));
  EXPECT_TRUE(talk(before, hung_up)) << "a call that was taken goes on";
  world.run_for(10s);
  EXPECT_TRUE(talk(token_of(ring("CA3")), hung_up, {}, "CA3"));
  EXPECT_EQ(run([&] { return service->list(ctx, {}); })->total, 2) << "the refused one left no row";
}

TEST_P(LoadDbTest, ACallerWhoseConnectionBrokeComesBackHoweverBusyTheNodeIs) {
  ASSERT_TRUE(talk(token_of(ring()), broke));
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  late_seconds(5);
  ASSERT_TRUE(watch.overloaded());
  auto next = what_next();
  ASSERT_TRUE(next);
  EXPECT_TRUE(talk(token_of(*next), hung_up));
}

TEST_P(LoadDbTest, AStrainedNodeTakesCallersAndNoRehearsals) {
  late_seconds(1);
  world.run_for(600ms);
  ASSERT_EQ(watch.load(), Load::strained);
  service->rehearse("CA1", {businesses.profile, 7});
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA1")).text, HasSubstr("all lines are busy"));
  EXPECT_TRUE(talk(token_of(ring("CA2")), hung_up, {}, "CA2"));
}

}  // namespace
}  // namespace parley::calls
