#include "parley/telemetry/metrics.hpp"

#include <gmock/gmock.h>

#include <stdexcept>
#include <thread>

#include "parley/telemetry/load_watch.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, ExposesWhatWasCounted) {
  Registry registry;
  auto calls = registry.counter("parley_calls_total", "Calls", {{"carrier", "twilio"}});
  calls.add();
  calls.add(2);
  registry.counter("parley_calls_total", "Calls", {{"carrier", "twilio"}}).add();
  auto active = registry.gauge("parley_calls_active", "Now");
  active.add(3);
  active.subtract();
  registry.gauge("parley_other_active", "Now").set(7.5);
  auto wait = registry.histogram("parley_wait_seconds", "Waits", {}, {0.1, 1});
  wait.observe(std::chrono::milliseconds(50));
  wait.observe(5.0);
  auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("parley_calls_total{carrier=\"twilio\"} 4"));
  EXPECT_THAT(text, HasSubstr("parley_calls_active 2"));
  EXPECT_THAT(text, HasSubstr("parley_other_active 7.5"));
  EXPECT_THAT(text, HasSubstr("parley_wait_seconds_bucket{le=\"0.1\"} 1"));
  EXPECT_THAT(text, HasSubstr("parley_wait_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("# TYPE parley_wait_seconds histogram"));
}

TEST(Metrics, WrongNamesAndKindsAreBugs) {
  Registry registry;
  registry.counter("parley_a_total", "A");
  EXPECT_THROW(registry.gauge("parley_a_total", "A"), std::logic_error);
  for (auto* name : {"calls_total", "parley_Calls", "parley_a-b", ""})
    EXPECT_THROW(registry.counter(name, "x"), std::logic_error) << name;
  EXPECT_THROW(registry.counter("parley_b", "x", {{"Bad-Label", "v"}}), std::logic_error);
  EXPECT_THROW(registry.counter("parley_b", "x", {{"le", "v"}}), std::logic_error);
  EXPECT_THROW(registry.counter("parley_b", "x", {{"a", "1"}, {"a", "2"}}), std::logic_error);
  registry.histogram("parley_h_seconds", "x", {}, {1, 2});
  EXPECT_THROW(registry.histogram("parley_h_seconds", "x", {}, {1, 3}), std::logic_error);
  EXPECT_THROW(registry.histogram("parley_i_seconds", "x", {}, {2, 1}), std::logic_error);
}

TEST(Metrics, LabelCombinationsAreBounded) {
  Registry registry;
  for (int i = 0; i < 600; ++i)
    registry.counter("parley_c_total", "C", {{"id", std::to_string(i)}}).add();
  registry.counter("parley_c_total", "C", {{"id", std::string(1000, 'x')}}).add();
  auto text = registry.text();
  EXPECT_THAT(text, HasSubstr("parley_c_total{id=\"other\"} 101"));
  EXPECT_THAT(text, HasSubstr("parley_metrics_overflowed_series_total 101"));
  EXPECT_THAT(text, HasSubstr("id=\"499\""));
  EXPECT_THAT(text, Not(HasSubstr("id=\"500\"")));
}

TEST(Metrics, HandlesWorkFromManyThreads) {
  Registry registry;
  auto counter = registry.counter("parley_c_total", "C");
  auto histogram = registry.histogram("parley_h_seconds", "H");
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          counter.add();
          histogram.observe(0.001);
        }
      });
  }
  EXPECT_THAT(registry.text(), HasSubstr("parley_c_total 4000"));
  EXPECT_THAT(registry.text(), HasSubstr("parley_h_seconds_count 4000"));
}

TEST(Metrics, ProcessRegistryIsOne) { EXPECT_EQ(&process_registry(), &process_registry()); }

TEST(LoopLag, MeasuresHowLateTheLoopIs) {
  testkit::SimWorld world;
  Registry registry;
  TaskGroup tasks(world.executor());
  LoadWatch watch(world.clock(), registry, {.bound = Duration::zero(), .interval = 250ms});
  watch.watch(tasks, world.executor(), "core-0");
  world.run_for(600ms);
  EXPECT_THAT(registry.text(), HasSubstr("parley_loop_lag_seconds_count{loop=\"core-0\"} 2"));
  EXPECT_THAT(registry.text(),
              HasSubstr("parley_loop_lag_seconds_bucket{loop=\"core-0\",le=\"0.0005\"} 2"));
  // Something holds the loop for 300 ms past the next measurement.
  world.clock().advance_to(world.clock().now() + 450ms);
  world.run_for(1ms);
  EXPECT_THAT(registry.text(),
              HasSubstr("parley_loop_lag_seconds_bucket{loop=\"core-0\",le=\"0.25\"} 2"));
  EXPECT_THAT(registry.text(),
              HasSubstr("parley_loop_lag_seconds_bucket{loop=\"core-0\",le=\"0.5\"} 3"));
  world.run([&]() -> Task<int> {
    co_await tasks.stop();
    co_return 0;
  });
  EXPECT_EQ(tasks.size(), 0u);
}

}  // namespace
}  // namespace parley::metrics
