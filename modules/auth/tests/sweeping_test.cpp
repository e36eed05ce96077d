#include "parley/auth/sweeping.hpp"

#include <gtest/gtest.h>

#include "parley/testkit/sim_world.hpp"

namespace parley::auth {
namespace {

using namespace std::chrono_literals;

/// Counts sweeps; signing in is not part of this.
struct CountingSessions final : Sessions {
  explicit CountingSessions(Clock& clock_given) : clock(clock_given) {}

  Task<void> sweep(Context ctx) override {
    ++sweeps;
    limits.push_back(ctx.deadline - clock.now());
    if (failing) co_return fail(Errc::unavailable, "no database");
    co_return Result<void>{};
  }
  Task<SignedIn> register_owner(Context, NewOwner, ClientTrace) override { return absent(); }
  Task<std::variant<SignedIn, TryLater>> sign_in(Context, Credentials, ClientTrace) override {
    co_return fail(Errc::unsupported, "not here");
  }
  Task<SignedIn> refresh(Context, std::string, ClientTrace) override { return absent(); }
  Task<void> sign_out(Context, Identity, Reach) override {
    co_return fail(Errc::unsupported, "not here");
  }
  Task<Identity> authenticate(Context, std::string) override {
    co_return fail(Errc::unsupported, "not here");
  }
  Task<FirstOwner> ensure_owner(Context, NewOwner, WhenThere) override {
    co_return fail(Errc::unsupported, "not here");
  }
  static Task<SignedIn> absent() { co_return fail(Errc::unsupported, "not here"); }

  Clock& clock;
  int sweeps = 0;
  std::vector<Duration> limits;
  bool failing = false;
};

struct SweepingTest : ::testing::Test {
  testkit::SimWorld world;
  CountingSessions sessions{world.clock()};
  std::vector<std::string> failed;
  TaskGroup tasks{world.executor(), [this](auto& name, auto&) { failed.push_back(name); }};

  void stop() {
    world.run([this]() -> Task<void> {
      auto ending = tasks.stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
};

TEST_F(SweepingTest, SweepsAtOnceAndThenEveryHourUntilStopped) {
  keep_swept(tasks, world.clock(), sessions);
  world.run_for(1s);
  EXPECT_EQ(sessions.sweeps, 1);
  world.run_for(59min);
  EXPECT_EQ(sessions.sweeps, 1);
  world.run_for(1min);
  EXPECT_EQ(sessions.sweeps, 2);
  world.run_for(24h);
  EXPECT_EQ(sessions.sweeps, 26);
  for (auto limit : sessions.limits) EXPECT_EQ(limit, 5min);
  stop();
  world.run_for(24h);
  EXPECT_EQ(sessions.sweeps, 26);
  EXPECT_TRUE(failed.empty());
}

TEST_F(SweepingTest, ASweepThatFailsIsNotTheLast) {
  sessions.failing = true;
  keep_swept(tasks, world.clock(), sessions);
  world.run_for(3h + 1s);
  EXPECT_EQ(sessions.sweeps, 4);
  stop();
  EXPECT_TRUE(failed.empty());
}

}  // namespace
}  // namespace parley::auth
