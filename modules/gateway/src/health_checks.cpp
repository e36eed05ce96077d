#include "health_checks.hpp"

#include "parley/telemetry/log.hpp"

namespace parley::gateway {

namespace {

void report_failure(const std::string& task, const std::string& what) {
  log::error("gateway.task_failed", {{"task", task}, {"what", what}});
}

}  // namespace

HealthChecks::HealthChecks(Clock& clock, asio::any_io_executor executor)
    : clock_(clock), tasks_(executor, report_failure) {}

void HealthChecks::begin_due(std::span<const std::shared_ptr<LiveRoute>> routes) {
  auto now = clock_.now();
  std::erase_if(due_, [](auto& entry) { return entry.first.expired(); });
  for (auto& route : routes) {
    auto& spec = route->spec();
    for (auto& target : route->targets()) {
      target->upstream().sweep();
      if (!spec.health_check || !spec.enabled) continue;
      auto& due = due_[target];
      if (now < due) continue;
      // The timeout may be longer than the interval: never two at once.
      due = now + std::max(spec.health_check->interval, spec.health_check->timeout);
      tasks_.spawn("gateway.check", [this, route, target] { return check(route, target); });
    }
  }
}

asio::awaitable<void> HealthChecks::check(std::shared_ptr<LiveRoute> route,
                                          std::shared_ptr<Target> target) {
  auto& wanted = *route->spec().health_check;
  Context ctx;
  ctx.deadline = clock_.now() + wanted.timeout;
  net::UpstreamRequest request;
  auto base = target->path();
  if (base.ends_with('/')) base.pop_back();
  request.target = base + wanted.path;
  request.headers.set("User-Agent", "Parley");
  request.idle_timeout = wanted.timeout;
  auto asking = target->upstream().send(ctx, std::move(request));
  auto answer = co_await std::move(asking);
  bool well = answer && answer->status >= 200 && answer->status < 400;
  if (!target->note_check(well)) co_return;
  log::warn(well ? "gateway.target_up" : "gateway.target_down",
            {{"route", route->address()},
             {"target", target->spec().url},
             {"reason", answer ? std::to_string(answer->status) : answer.error().detail}});
}

asio::awaitable<void> HealthChecks::stop() { return tasks_.stop(); }

}  // namespace parley::gateway
