#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::health {

/// healthy: as it should be. degraded: something that has a stand-in is away, or nearly full.
/// unhealthy: what nothing replaces is away.
enum class Status { healthy, degraded, unhealthy };
std::string_view to_string(Status status) noexcept;

/// What a look at one thing found. `detail` is for operators: no secrets.
struct Finding {
  Status status = Status::healthy;
  std::string detail;
};

/// How to look at one thing that is configured.
struct Probe {
  std::string name;  ///< "database", "redis", "twilio": small, stable, lower case
  std::string kind;  ///< "database", "cache", "broker", "object store", "speech", "carrier" ...
  /// Without it nothing works (essential), or nothing but calls (outlived), or its work is done by
  /// a stand-in (replaceable).
  enum class Weight { essential, outlived, replaceable } weight = Weight::replaceable;
  std::string advice;  ///< what to do when it is not healthy
  Duration time_limit = 5s;
  /// An error is an unhealthy finding with the error's detail. It must not change anything.
  std::function<Task<Finding>(Context ctx)> look;
};

/// One thing as it was when last looked at.
struct Check {
  std::string name;
  std::string kind;
  Probe::Weight weight = Probe::Weight::replaceable;
  Status status = Status::healthy;
  std::string reason;  ///< the kind of trouble ("timeout", "unavailable"); empty when healthy
  std::string detail;
  std::string advice;  ///< empty when healthy
  Duration latency{0};
  WallTime checked_at;
  WallTime since;  ///< it has this status
};

struct Report {
  Status status = Status::healthy;
  std::vector<Check> checks;  ///< in the order they were added

  /// Without what has a stand-in: whether this node can take calls. What they outlive degrades.
  Report readiness() const;
  /// The names of what is not healthy.
  std::vector<std::string> degraded() const;
};

/// Knows how everything configured is. Looks regularly, and when asked after `fresh_for`; however
/// many ask, each thing is looked at once at a time.
class Monitor {
 public:
  struct Options {
    Duration fresh_for = 2s;
    Duration every = 15s;
  };
  Monitor(asio::any_io_executor executor, Clock& clock, metrics::Registry& registry);
  Monitor(asio::any_io_executor executor, Clock& clock, metrics::Registry& registry,
          Options options);
  ~Monitor();  ///< stop() must have completed, or start() was never called

  /// Before start(). Throws std::logic_error when the name is taken.
  void add(Probe probe);
  /// What was added, in that order. Before start().
  std::vector<Probe> probes() const;
  /// Called on the executor after a thing's status changed; not for the first look. Before start().
  using OnChange = std::function<void(const Check& before, const Check& after)>;
  void on_change(OnChange listener);
  void start();
  asio::awaitable<void> stop();

  /// Looks at what was last looked at longer ago than `fresh_for`. From any thread.
  Task<Report> report(Context ctx);
  /// The newest finding of each, without looking; what was never looked at is left out. Any thread.
  std::shared_ptr<const Report> latest() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace parley::health
