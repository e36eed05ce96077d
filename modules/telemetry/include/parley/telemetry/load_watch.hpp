#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "parley/base/condition.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley {

/// What more a node can take. Strained: nothing that can wait, so no outbound calls. Overloaded: it
/// cannot keep up with what it has, so no calls at all.
enum class Load { normal, strained, overloaded };
std::string_view to_string(Load load) noexcept;

/// Whether this node keeps up: how late its loops run what is due. Every second of a loop is judged
/// by the worst of it. One that was later than the bound strains the node; `sustained` of them in a
/// row overload it; it is normal again by itself after `recovery` in a row that were at most half
/// as late as the bound. A loop that does not run at all for `sustained` counts at once.
///
/// Every look is counted in parley_loop_lag_seconds{loop}, whatever the bound.
///
/// watch() before the loops run; the rest from any thread, without waiting.
class LoadWatch {
 public:
  struct Options {
    /// Lateness that callers notice; zero: the node is always normal.
    Duration bound = std::chrono::milliseconds(200);
    Duration sustained = std::chrono::seconds(3);
    Duration recovery = std::chrono::seconds(5);
    Duration interval = std::chrono::milliseconds(10);  ///< between two looks at a loop
    Duration second = std::chrono::seconds(1);          ///< over which the worst is taken
    /// In debug builds (PARLEY_DEBUG) a look that is later than this is an error in the log:
    /// somebody computed or blocked on an I/O thread.
    Duration alarm = std::chrono::milliseconds(50);
  };

  LoadWatch(Clock& clock, metrics::Registry& registry) : LoadWatch(clock, registry, Options{}) {}
  LoadWatch(Clock& clock, metrics::Registry& registry, Options options);
  ~LoadWatch();
  LoadWatch(const LoadWatch&) = delete;
  LoadWatch& operator=(const LoadWatch&) = delete;

  /// One loop more, until `tasks` ends, which this outlives; `loop` names it ("core-0").
  void watch(TaskGroup& tasks, asio::any_io_executor executor, std::string loop);

  Load load() const noexcept;
  bool overloaded() const noexcept { return load() == Load::overloaded; }
  /// For a health check: degraded when strained or overloaded, with the lateness.
  Condition condition() const;

 private:
  struct Loop;
  asio::awaitable<void> measure(Loop& loop);
  void judge(Loop& loop, Duration worst, Duration length);
  Load of(const Loop& loop) const noexcept;

  Clock& clock_;
  metrics::Registry& registry_;
  Options options_;
  std::vector<std::unique_ptr<Loop>> loops_;
  metrics::Gauge gauge_;
};

}  // namespace parley
