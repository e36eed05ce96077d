#include "parley/health/monitor.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::health {

std::string_view to_string(Status status) noexcept {
  switch (status) {
    case Status::healthy:
      return "healthy";
    case Status::degraded:
      return "degraded";
    case Status::unhealthy:
      return "unhealthy";
  }
  return "unhealthy";
}

namespace {

/// `fatal`: the weights of what makes the whole unhealthy.
Status overall(const std::vector<Check>& checks, const std::vector<Probe::Weight>& fatal) {
  auto worst = Status::healthy;
  for (const auto& check : checks) {
    bool unhealthy =
        check.status == Status::unhealthy && std::ranges::find(fatal, check.weight) != fatal.end();
    worst =
        std::max(worst, unhealthy ? Status::unhealthy : std::min(check.status, Status::degraded));
  }
  return worst;
}

}  // namespace

Report Report::readiness() const {
  Report some;
  for (const auto& check : checks)
    if (check.weight != Probe::Weight::replaceable) some.checks.push_back(check);
  some.status = overall(some.checks, {Probe::Weight::essential});
  return some;
}

std::vector<std::string> Report::degraded() const {
  std::vector<std::string> names;
  for (const auto& check : checks)
    if (check.status != Status::healthy) names.push_back(check.name);
  return names;
}

/// Everything but `latest` lives on the strand.
class Monitor::Impl : public std::enable_shared_from_this<Monitor::Impl> {
 public:
  Impl(asio::any_io_executor executor, Clock& clock, metrics::Registry& registry, Options options)
      : strand_(asio::make_strand(executor)),
        clock_(clock),
        registry_(registry),
        options_(options),
        tasks_(strand_) {
    latest_ = std::make_shared<const Report>();
  }

  void add(Probe probe) {
    if (std::ranges::any_of(watched_, [&](auto& other) { return other.probe.name == probe.name; }))
      throw std::logic_error("two health probes are named " + probe.name);
    metrics::Labels labels{{"service", probe.name}};
    watched_.push_back(
        {.probe = std::move(probe),
         .up = registry_.gauge("parley_health_up", "1 while the service is healthy.", labels),
         .latency = registry_.histogram("parley_health_check_seconds",
                                        "How long a look at the service took.", labels),
         .check = {},
         .looked_at = {},
         .looking = false});
  }

  std::vector<Probe> probes() const {
    std::vector<Probe> all;
    for (const auto& one : watched_) all.push_back(one.probe);
    return all;
  }

  void start() {
    tasks_.spawn("health.watch", [self = shared_from_this()] { return self->watch(); });
  }

  asio::awaitable<void> stop() { co_await tasks_.stop(); }

  /// Who cannot wait gets what is known.
  Task<Report> report(TimePoint deadline) {
    auto looking = asio::co_spawn(strand_, refreshed(), asio::use_awaitable);
    auto limited = with_deadline(clock_, deadline, std::move(looking));
    auto report = co_await std::move(limited);
    if (!report) co_return *latest();
    co_return report;
  }

  std::shared_ptr<const Report> latest() const {
    std::scoped_lock lock(mutex_);
    return latest_;
  }

  std::vector<OnChange> listeners;

 private:
  struct Watched {
    Probe probe;
    metrics::Gauge up;
    metrics::Histogram latency;
    std::optional<Check> check;
    TimePoint looked_at;
    bool looking = false;
  };

  asio::awaitable<void> watch() {
    for (;;) {
      auto looking = refreshed();
      co_await std::move(looking);
      auto next = clock_.now() + options_.every;
      co_await clock_.sleep_until(next);
    }
  }

  /// Starts what is due and waits until nothing is being looked at, each at most its own time.
  Task<Report> refreshed() {
    auto self = shared_from_this();
    auto now = clock_.now();
    Duration longest{0};
    for (auto& one : watched_) {
      bool stale = !one.check || one.looked_at + options_.fresh_for <= now;
      longest = std::max(longest, one.probe.time_limit);
      if (!stale || one.looking) continue;
      one.looking = true;
      tasks_.spawn("health." + one.probe.name, [self, &one] { return self->look(one); });
    }
    auto until = now + longest + 1s;
    auto busy = [](const Watched& one) { return one.looking; };
    while (std::ranges::any_of(watched_, busy) && clock_.now() < until) {
      auto ended = ended_.wait_until(clock_, until);
      co_await std::move(ended);
    }
    co_return *latest();
  }

  asio::awaitable<void> look(Watched& one) {
    auto began = clock_.now();
    Context ctx;
    ctx.deadline = began + one.probe.time_limit;
    ctx.principal = {Principal::Kind::system, "health", Role::viewer};
    Result<Finding> found = fail(Errc::unavailable, "the check failed");
    try {
      auto work = one.probe.look(ctx);
      auto limited = with_deadline(clock_, ctx.deadline, std::move(work));
      found = co_await std::move(limited);
    } catch (const boost::system::system_error& stopped) {
      if (stopped.code() == asio::error::operation_aborted) {
        one.looking = false;
        throw;
      }
      found = fail(Errc::unavailable, stopped.what());
    } catch (const std::exception& thrown) {
      found = fail(Errc::unavailable, thrown.what());
    }
    one.looking = false;
    one.looked_at = clock_.now();
    note(one, found, one.looked_at - began);
    ended_.notify();
  }

  void note(Watched& one, const Result<Finding>& found, Duration took) {
    Check check;
    check.name = one.probe.name;
    check.kind = one.probe.kind;
    check.weight = one.probe.weight;
    check.latency = took;
    check.checked_at = clock_.wall();
    check.status = found ? found->status : Status::unhealthy;
    check.detail = found ? found->detail : found.error().detail;
    if (check.status != Status::healthy) {
      check.advice = one.probe.advice;
      check.reason = found ? to_string(check.status) : to_string(found.error().code);
    }
    auto before = std::exchange(one.check, check);
    bool changed = before && before->status != check.status;
    one.check->since = before && !changed ? before->since : check.checked_at;
    one.up.set(check.status == Status::healthy ? 1 : 0);
    one.latency.observe(took);
    publish();
    if (!changed) return;
    log::warn(
        "health.changed",
        {{"service", check.name}, {"status", to_string(check.status)}, {"detail", check.detail}});
    for (auto& listener : listeners) listener(*before, *one.check);
  }

  void publish() {
    auto report = std::make_shared<Report>();
    for (auto& one : watched_)
      if (one.check) report->checks.push_back(*one.check);
    report->status = overall(report->checks, {Probe::Weight::essential, Probe::Weight::outlived});
    std::scoped_lock lock(mutex_);
    latest_ = std::move(report);
  }

  asio::any_io_executor strand_;
  Clock& clock_;
  metrics::Registry& registry_;
  Options options_;
  std::vector<Watched> watched_;
  Signal ended_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Report> latest_;
  TaskGroup tasks_;
};

Monitor::Monitor(asio::any_io_executor executor, Clock& clock, metrics::Registry& registry)
    : Monitor(std::move(executor), clock, registry, Options{}) {}
Monitor::Monitor(asio::any_io_executor executor, Clock& clock, metrics::Registry& registry,
                 Options options)
    : impl_(std::make_shared<Impl>(std::move(executor), clock, registry, options)) {}
Monitor::~Monitor() = default;

void Monitor::add(Probe probe) { impl_->add(std::move(probe)); }
std::vector<Probe> Monitor::probes() const { return impl_->probes(); }
void Monitor::on_change(OnChange listener) { impl_->listeners.push_back(std::move(listener)); }
void Monitor::start() { impl_->start(); }
asio::awaitable<void> Monitor::stop() {
  auto impl = impl_;
  auto stopping = impl->stop();
  co_await std::move(stopping);
}
Task<Report> Monitor::report(Context ctx) {
  auto impl = impl_;
  auto looking = impl->report(ctx.deadline);
  auto report = co_await std::move(looking);
  co_return report;
}
std::shared_ptr<const Report> Monitor::latest() const { return impl_->latest(); }

}  // namespace parley::health
