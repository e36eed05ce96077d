#include "parley/alerts/watch.hpp"

#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::alerts {

namespace {
constexpr Duration time_limit = 10s;
}

class Watch::Impl {
 public:
  Impl(asio::any_io_executor executor, Clock& clock, Alerts& alerts, Duration every)
      : clock_(clock), alerts_(alerts), every_(every), tasks_(std::move(executor)) {}

  void add(Rule rule) { watched_.push_back({.rule = std::move(rule)}); }
  void start() {
    tasks_.spawn("alerts.watch", [this] { return watch(); });
  }
  asio::awaitable<void> stop() { co_await tasks_.stop(); }

 private:
  /// What an earlier run of the program raised is open until its rule says otherwise.
  struct Watched {
    Rule rule;
    bool is_broken = false;
    std::optional<TimePoint> since;  ///< it looks so; empty: never looked at
    bool told = false;               ///< what it looks like is what was raised or resolved
  };

  asio::awaitable<void> watch() {
    for (;;) {
      for (auto& one : watched_) {
        auto looking = look(one);
        co_await std::move(looking);
      }
      auto next = clock_.now() + every_;
      co_await clock_.sleep_until(next);
    }
  }

  asio::awaitable<void> look(Watched& one) {
    Context ctx;
    ctx.deadline = clock_.now() + time_limit;
    ctx.organization = OrganizationId("org_system");
    ctx.principal = {Principal::Kind::system, "alerts", Role::viewer};
    auto asking = one.rule.broken(ctx);
    auto limited = with_deadline(clock_, ctx.deadline, std::move(asking));
    auto broken = co_await std::move(limited);
    if (!broken) co_return;
    auto now = clock_.now();
    bool is_broken = broken->has_value();
    if (!one.since || one.is_broken != is_broken) {
      one.since = now;
      one.is_broken = is_broken;
      one.told = false;
    }
    if (one.told || now - *one.since < one.rule.hold) co_return;
    auto telling = is_broken ? alerts_.raise(ctx, {.key = one.rule.key,
                                                   .severity = one.rule.severity,
                                                   .summary = **broken,
                                                   .advice = one.rule.advice})
                             : alerts_.resolve(ctx, one.rule.key);
    auto told = co_await std::move(telling);
    one.told = told.has_value();
    if (!told)
      log::warn("alert.not_stored", {{"key", one.rule.key}, {"reason", told.error().detail}});
  }

  Clock& clock_;
  Alerts& alerts_;
  Duration every_;
  std::vector<Watched> watched_;
  TaskGroup tasks_;
};

Watch::Watch(asio::any_io_executor executor, Clock& clock, Alerts& alerts, Duration every)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, alerts, every)) {}
Watch::~Watch() = default;
void Watch::add(Rule rule) { impl_->add(std::move(rule)); }
void Watch::start() { impl_->start(); }
asio::awaitable<void> Watch::stop() {
  auto stopping = impl_->stop();
  co_await std::move(stopping);
}

}  // namespace parley::alerts
