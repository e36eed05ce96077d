#include "shared.hpp"

namespace parley::queue {

Metrics::Metrics(metrics::Registry& all)
    : registry(all),
      waited(all.histogram("parley_queue_wait_seconds", "From being due to being started")),
      ran(all.histogram("parley_queue_run_seconds", "How long attempts take")),
      running(all.gauge("parley_queue_running_jobs", "Attempts running on this node")),
      taken_over(all.counter("parley_queue_taken_over_total", "Jobs of nodes that died")),
      dead(all.gauge("parley_queue_dead_jobs", "Dead letters, counted no further than 10,000")) {}

void Metrics::ended(const std::string& handler, std::string_view outcome, int attempts) const {
  registry
      .counter("parley_queue_attempts_total", "Attempts at jobs, by how they ended",
               {{"handler", handler}, {"outcome", std::string(outcome)}})
      .add(attempts);
}

Shared::Shared(Queue::Parts given, Queue::Options chosen)
    : parts(std::move(given)),
      options(std::move(chosen)),
      shown(parts.registry),
      herald(std::make_shared<Herald>(parts.broker)),
      origin_(parts.clock.now()),
      origin_wall_(parts.clock.wall()) {
  for (const auto& [name, workers] : options.workers) {
    auto lane = std::make_shared<LaneState>();
    lane->workers = workers;
    lanes.emplace(name, std::move(lane));
  }
}

WallTime Shared::steady_now() const {
  auto passed = parts.clock.now() - origin_;
  return origin_wall_ + std::chrono::floor<std::chrono::milliseconds>(passed);
}

std::int64_t Shared::next_position() {
  auto passed = std::chrono::floor<std::chrono::microseconds>(parts.clock.now() - origin_);
  auto now = position_of(origin_wall_) + passed.count();
  auto last = last_position_.load();
  std::int64_t next = 0;
  do {
    next = std::max(now, last + 1);
  } while (!last_position_.compare_exchange_weak(last, next));
  return next;
}

const Registration* Shared::find(const std::string& handler) const {
  auto found = handlers.find(handler);
  return found == handlers.end() ? nullptr : &found->second;
}

LaneState* Shared::lane(const std::string& name) {
  auto found = lanes.find(name);
  return found == lanes.end() ? nullptr : found->second.get();
}

void Shared::look_again_everywhere() {
  for (auto& [name, lane] : lanes) lane->look_again();
}

Duration Shared::poll() const {
  bool told = parts.broker && parts.broker->condition().well();
  return told ? std::max(options.sweep, options.poll) : options.poll;
}

std::function<void()> Shared::waker(const std::string& lane_name, const JobId& job) const {
  auto found = lanes.find(lane_name);
  if (found == lanes.end()) return [] {};
  return [lane = std::weak_ptr(found->second), teller = std::weak_ptr(herald), lane_name, job] {
    if (auto alive = lane.lock()) alive->look_again();
    if (auto alive = teller.lock()) alive->tell({lane_name, job.str(), {}});
  };
}

std::function<void()> Shared::waker_of_all() const {
  std::vector<std::function<void()>> wakers;
  for (const auto& [name, lane] : lanes) wakers.push_back(waker(name));
  return [wakers = std::move(wakers)] {
    for (const auto& wake : wakers) wake();
  };
}

std::function<void()> Shared::waker_of_delays() const {
  return [handle = delays.handle()] { Wake::raise(handle); };
}

std::function<void()> Shared::teller_of_delay(const JobId& job, Duration delay) const {
  return [teller = std::weak_ptr(herald), job, delay] {
    if (auto alive = teller.lock())
      alive->tell({std::string(lane_of_delays), job.str(), std::max<Duration>(delay, 1ms)});
  };
}

std::string Shared::node() const {
  std::lock_guard lock(mutex_);
  return node_;
}

void Shared::set_node(std::string name) {
  {
    std::lock_guard lock(mutex_);
    node_ = std::move(name);
  }
  look_again_everywhere();
}

void Shared::begin(const std::shared_ptr<Running>& run) {
  {
    std::lock_guard lock(mutex_);
    running_[run->claimed.job.id.str()] = run;
    shown.running.set(static_cast<double>(running_.size()));
  }
  if (run->deadline >= next_limit_) return;
  next_limit_ = run->deadline;
  stops.raise();
}

void Shared::ask_to_stop(Running& run, Running::Stop why) {
  auto none = Running::Stop::none;
  if (run.stop.compare_exchange_strong(none, why)) stops.raise();
}

void Shared::end(const std::shared_ptr<Running>& run) {
  std::lock_guard lock(mutex_);
  // A job that was taken over and came back may run here twice for a moment.
  auto found = running_.find(run->claimed.job.id.str());
  if (found != running_.end() && found->second == run) running_.erase(found);
  shown.running.set(static_cast<double>(running_.size()));
}

std::vector<std::shared_ptr<Running>> Shared::running() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Running>> all;
  for (const auto& [id, run] : running_) all.push_back(run);
  return all;
}

std::shared_ptr<Running> Shared::running(const JobId& id) const {
  std::lock_guard lock(mutex_);
  auto found = running_.find(id.str());
  return found == running_.end() ? nullptr : found->second;
}

}  // namespace parley::queue
