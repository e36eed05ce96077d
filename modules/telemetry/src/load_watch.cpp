#include "parley/telemetry/load_watch.hpp"

#include <fmt/format.h>

#include "parley/telemetry/log.hpp"

namespace parley {

namespace {

#ifdef PARLEY_DEBUG
constexpr bool alarms = true;
#else
constexpr bool alarms = false;
#endif

std::int64_t ms(Duration duration) { return duration / std::chrono::milliseconds(1); }

}  // namespace

std::string_view to_string(Load load) noexcept {
  switch (load) {
    case Load::normal:
      return "normal";
    case Load::strained:
      return "strained";
    case Load::overloaded:
      break;
  }
  return "overloaded";
}

struct LoadWatch::Loop {
  Loop(std::string given, metrics::Registry& registry)
      : name(std::move(given)),
        lag(registry.histogram("parley_loop_lag_seconds", "How late an event loop ran a timer",
                               {{"loop", name}})) {}

  const std::string name;
  metrics::Histogram lag;
  std::atomic<Load> load{Load::normal};
  std::atomic<Duration::rep> worst{0};  ///< of the last second
  /// When it is to run next; max until it has begun.
  std::atomic<TimePoint::rep> planned{TimePoint::max().time_since_epoch().count()};

  // The loop's own.
  Duration late_for{};  ///< seconds in a row that were later than the bound
  Duration calm_for{};

  /// How late it is at this moment with what it has not run yet.
  Duration behind(TimePoint now) const noexcept {
    auto due = TimePoint(Duration(planned.load()));
    return due < now ? now - due : Duration::zero();
  }
  Load judge(Duration lag, Duration length, const Options& options);
};

/// `length` is more than a second when the loop stood still meanwhile.
Load LoadWatch::Loop::judge(Duration lag, Duration length, const Options& options) {
  worst = lag.count();
  late_for = lag > options.bound ? late_for + length : Duration::zero();
  calm_for = 2 * lag <= options.bound ? calm_for + length : Duration::zero();
  auto now = load.load();
  if (late_for >= options.sustained) return Load::overloaded;
  if (calm_for >= options.recovery) return Load::normal;
  if (late_for > Duration::zero() && now == Load::normal) return Load::strained;
  return now;
}

LoadWatch::LoadWatch(Clock& clock, metrics::Registry& registry, Options options)
    : clock_(clock),
      registry_(registry),
      options_(options),
      gauge_(registry.gauge("parley_load",
                            "0: the loops keep up, 1: no outbound calls, 2: no calls at all")) {}

LoadWatch::~LoadWatch() = default;

void LoadWatch::watch(TaskGroup& tasks, asio::any_io_executor executor, std::string loop) {
  auto name = "load/" + loop;
  loops_.push_back(std::make_unique<Loop>(std::move(loop), registry_));
  auto task = [this, watched = loops_.back().get()] { return measure(*watched); };
  tasks.spawn_on(std::move(executor), std::move(name), std::move(task));
}

asio::awaitable<void> LoadWatch::measure(Loop& loop) {
  while (true) {
    auto began = clock_.now();
    auto now = began;
    Duration worst{};
    while (now < began + options_.second) {
      auto planned = now + options_.interval;
      loop.planned = planned.time_since_epoch().count();
      co_await clock_.sleep_until(planned);
      now = clock_.now();
      auto late = now - planned;
      loop.lag.observe(late);
      if (alarms && late >= options_.alarm)
        log::error("loop.late", {{"loop", loop.name}, {"lateMs", ms(late)}});
      worst = std::max(worst, late);
    }
    if (options_.bound > Duration::zero()) judge(loop, worst, now - began);
  }
}

void LoadWatch::judge(Loop& loop, Duration worst, Duration length) {
  auto load = loop.judge(worst, length, options_);
  if (loop.load.exchange(load) == load) return;
  gauge_.set(static_cast<double>(this->load()));
  log::warn("node.load", {{"loop", loop.name}, {"load", to_string(load)}, {"lateMs", ms(worst)}});
}

Load LoadWatch::of(const Loop& loop) const noexcept {
  return loop.behind(clock_.now()) >= options_.sustained ? Load::overloaded : loop.load.load();
}

Load LoadWatch::load() const noexcept {
  auto worst = Load::normal;
  if (options_.bound <= Duration::zero()) return worst;
  for (auto& loop : loops_) worst = std::max(worst, of(*loop));
  return worst;
}

Condition LoadWatch::condition() const {
  auto now = load();
  if (now == Load::normal) return {};
  const Loop* latest = nullptr;
  Duration lag{};
  for (auto& loop : loops_) {
    auto late = std::max(Duration(loop->worst.load()), loop->behind(clock_.now()));
    if (latest && late <= lag) continue;
    latest = loop.get();
    lag = late;
  }
  return Condition::degraded(fmt::format(
      "{}: {} ran up to {} ms late in the last second; {}", to_string(now), latest->name, ms(lag),
      now == Load::overloaded ? "new calls hear an apology" : "no outbound calls are made"));
}

}  // namespace parley
