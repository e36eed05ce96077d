#include "parley/telemetry/loop_lag.hpp"

#include "parley/telemetry/log.hpp"

namespace parley {

namespace {

#ifdef PARLEY_DEBUG
constexpr bool alarms = true;
#else
constexpr bool alarms = false;
#endif

asio::awaitable<void> measure(Clock& clock, metrics::Histogram lag, LoopLagOptions options) {
  while (true) {
    auto planned = clock.now() + options.interval;
    co_await clock.sleep_until(planned);
    auto late = clock.now() - planned;
    lag.observe(late);
    if (!alarms || late < options.alarm) continue;
    auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(late).count();
    log::error("loop.late", {{"loop", options.loop}, {"lateMs", milliseconds}});
  }
}

}  // namespace

void watch_loop_lag(TaskGroup& tasks, asio::any_io_executor executor, Clock& clock,
                    metrics::Registry& registry, LoopLagOptions options) {
  auto lag = registry.histogram("parley_loop_lag_seconds", "How late an event loop ran a timer",
                                {{"loop", options.loop}});
  auto name = "loop_lag/" + options.loop;
  auto monitor = [&clock, lag, options = std::move(options)] {
    return measure(clock, lag, options);
  };
  tasks.spawn_on(std::move(executor), std::move(name), std::move(monitor));
}

}  // namespace parley
