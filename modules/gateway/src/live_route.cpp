#include "live_route.hpp"

#include <algorithm>

namespace parley::gateway {

namespace {

std::string label_of(const RouteSpec& spec, const LiveRoute::Origin& origin) {
  return origin.id.empty() ? spec.name : origin.id.str();
}

bool contains(std::span<Target* const> targets, const std::shared_ptr<Target>& target) {
  return std::ranges::find(targets, target.get()) != targets.end();
}

}  // namespace

LiveRoute::LiveRoute(Clock& clock, metrics::Registry& registry, RouteSpec spec, Origin origin)
    : spec_(std::move(spec)),
      origin_(std::move(origin)),
      address_(origin_.organization.empty() ? spec_.path
                                            : "/gateway/" + origin_.organization.str() +
                                                  (spec_.path == "/" ? "" : spec_.path)),
      seconds_(registry.histogram("parley_gateway_request_seconds",
                                  "Until an answer began, by route",
                                  {{"route", label_of(spec_, origin_)}})),
      retries_(registry.counter("parley_gateway_retries_total", "Requests sent again, by route",
                                {{"route", label_of(spec_, origin_)}})) {
  auto label = label_of(spec_, origin_);
  for (const char* status : {"2xx", "3xx", "4xx", "5xx"})
    requests_.push_back(registry.counter("parley_gateway_requests_total",
                                         "Requests answered, by route and class of status",
                                         {{"route", label}, {"status", status}}));
  for (std::size_t i = 0; i < spec_.targets.size(); ++i) {
    metrics::Labels labels{{"route", label}, {"target", std::to_string(i)}};
    TargetMetrics shown{
        registry.counter("parley_gateway_target_failures_total", "Requests a target failed",
                         labels),
        registry.counter("parley_gateway_cut_bodies_total",
                         "Answers a target did not bring to their end", labels),
        registry.gauge("parley_gateway_target_up", "Whether the health check passes", labels)};
    // The URL was checked when the route was read.
    if (auto target = Target::make(clock, spec_.targets[i], origin_.reach, shown))
      targets_.push_back(std::move(*target));
  }
  turns_.assign(targets_.size(), 0);
  if (spec_.rate) limits_ = std::make_unique<ClientLimits>(clock, *spec_.rate);
}

void LiveRoute::count(int status) const {
  requests_[static_cast<std::size_t>(std::clamp(status / 100, 2, 5) - 2)].add();
}

std::shared_ptr<Target> LiveRoute::best(std::span<Target* const> avoid) {
  std::lock_guard lock(mutex_);
  std::optional<std::size_t> chosen;
  int all_weights = 0;
  auto load = [&](std::size_t i) {
    return static_cast<double>(targets_[i]->active()) / targets_[i]->spec().weight;
  };
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    auto& target = targets_[i];
    if (!target->healthy() || contains(avoid, target) || target->shut_for()) continue;
    // Smooth: a heavy target's turns are spread among the others'.
    turns_[i] += target->spec().weight;
    all_weights += target->spec().weight;
    bool better = !chosen;
    if (chosen && spec_.balancing == RouteSpec::Balancing::least_connections)
      better = load(i) < load(*chosen) || (load(i) == load(*chosen) && turns_[i] > turns_[*chosen]);
    else if (chosen)
      better = turns_[i] > turns_[*chosen];
    if (better) chosen = i;
  }
  if (!chosen) return nullptr;
  turns_[*chosen] -= all_weights;
  return targets_[*chosen];
}

Result<std::unique_ptr<Target::Place>> LiveRoute::choose(std::span<Target* const> tried) {
  std::vector<Target*> avoid(tried.begin(), tried.end());
  while (auto target = best(avoid)) {
    if (auto place = Target::enter(target)) return place;
    avoid.push_back(target.get());  // its trials are taken
  }
  // Once more to one that failed, when there is no other.
  if (!tried.empty()) return choose({});
  auto soonest = Duration(spec_.health_check ? spec_.health_check->interval : 1s);
  for (auto& target : targets_)
    if (auto shut = target->shut_for(); shut && target->healthy())
      soonest = std::min(soonest, std::max<Duration>(*shut, 1s));
  Error none{Errc::unavailable, "no target of the route is healthy"};
  none.retry_after = std::chrono::ceil<std::chrono::milliseconds>(soonest);
  return std::unexpected(std::move(none));
}

}  // namespace parley::gateway
