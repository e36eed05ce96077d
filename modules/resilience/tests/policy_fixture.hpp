#pragma once
#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "parley/base/task_group.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::resilience {

/// A service that answers as told: each attempt takes `takes` and gives the next of `answers`, the
/// last one for ever.
struct ScriptedService {
  Clock& clock;
  std::vector<Result<int>> answers{Result<int>(1)};
  std::vector<Duration> takes{0s};
  int attempts = 0;
  int running = 0;
  int most_running = 0;
  std::vector<TimePoint> began;
  std::vector<TimePoint> deadlines;

  Task<int> call(Context ctx) {
    auto index = static_cast<std::size_t>(attempts++);
    began.push_back(clock.now());
    deadlines.push_back(ctx.deadline);
    most_running = std::max(most_running, ++running);
    struct Leave {
      int& running;
      ~Leave() { --running; }
    } leave{running};
    auto duration = takes[std::min(index, takes.size() - 1)];
    if (duration > 0s) {
      auto work = clock.sleep_for(duration);
      co_await std::move(work);
    }
    co_return answers[std::min(index, answers.size() - 1)];
  }
  void fail_with(Errc code) { answers = {fail(code, "scripted")}; }
};

struct PolicyTest : ::testing::Test {
  static void SetUpTestSuite() { ASSERT_TRUE(log::configure({.level = log::Level::error})); }

  testkit::SimWorld world{7};
  metrics::Registry registry;
  trace::MemorySpanSink spans;
  trace::Tracer tracer{world.clock(), world.random(), spans};
  Policies policies{world.clock(), world.random(), registry, tracer};
  ScriptedService service{world.clock()};
  Policy* policy = nullptr;

  Policy& with(PolicyOptions options) {
    policy = &policies.add("vendor", options);
    return *policy;
  }
  Task<int> call(Repeat repeat = Repeat::unsafe, Context ctx = {}) {
    auto work = policy->run(std::move(ctx), Operation{"thing", repeat},
                            [this](Context c) { return service.call(std::move(c)); });
    co_return co_await std::move(work);
  }
  Result<int> run(Repeat repeat = Repeat::unsafe, Context ctx = {}) {
    return world.run([&] { return call(repeat, ctx); });
  }
  /// Starts a call beside the others; the result appears in `out`.
  void start(std::optional<Result<int>>& out, Repeat repeat = Repeat::unsafe) {
    auto body = [](PolicyTest& test, std::optional<Result<int>>& o,
                   Repeat r) -> asio::awaitable<void> {
      auto work = test.call(r);
      o.emplace(co_await std::move(work));
    };
    asio::co_spawn(world.io(), body(*this, out, repeat), asio::detached);
  }
  PolicySnapshot shot() const { return policy->snapshot(); }
};

}  // namespace parley::resilience
