#include "parley/events/subscription_metrics.hpp"

namespace parley::events {

namespace {

asio::awaitable<void> show_on(Clock& clock, Subscriptions& subscriptions,
                              metrics::Registry& registry, Duration every) {
  while (true) {
    Context ctx;
    ctx.deadline = clock.now() + every;
    auto looking = subscriptions.status(std::move(ctx));
    // While the database is away the last figures stand; its own probe tells.
    if (auto all = co_await std::move(looking)) show_status(*all, registry);
    co_await clock.sleep_for(every);
  }
}

}  // namespace

void show_status(const std::vector<SubscriptionStatus>& all, metrics::Registry& registry) {
  for (const auto& one : all) {
    auto show = [&](std::string_view name, std::string_view help, double value) {
      registry.gauge(name, help, {{"subscription", one.name}}).set(value);
    };
    show("parley_subscription_lag_events", "Events that wait, counted no further than 10,000",
         static_cast<double>(one.lag));
    show("parley_subscription_lag_seconds", "How long the oldest of them has waited",
         std::chrono::duration<double>(one.behind).count());
    show("parley_subscription_parked_events", "Events given up on",
         static_cast<double>(one.parked));
    show("parley_subscription_stopped", "1 while it stands at an event that fails",
         one.stopped_at ? 1 : 0);
    show("parley_subscription_rebuilding", "1 while its tables are made again from the log",
         one.rebuild ? 1 : 0);
  }
}

void keep_shown(TaskGroup& tasks, Clock& clock, Subscriptions& subscriptions,
                metrics::Registry& registry, Duration every) {
  tasks.spawn("events/metrics", [&clock, &subscriptions, &registry, every] {
    return show_on(clock, subscriptions, registry, every);
  });
}

}  // namespace parley::events
