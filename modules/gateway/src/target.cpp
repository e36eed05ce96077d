#include "target.hpp"

#include <boost/url/parse.hpp>

namespace parley::gateway {

namespace {

/// Requests share their users' patience: a target that fails is left alone sooner than a vendor.
constexpr resilience::PolicyOptions::Breaker breaker_options{
    .failure_percent = 50, .window = 10s, .min_calls = 5, .open_for = 5s, .trials = 1};
constexpr int checks_to_fail = 2;

}  // namespace

Target::Target(Clock& clock, TargetSpec spec, Reach reach, TargetMetrics shown)
    : clock_(clock),
      spec_(std::move(spec)),
      reach_(reach),
      shown_(shown),
      breaker_(breaker_options) {
  shown_.up.set(1);
}

Result<std::shared_ptr<Target>> Target::make(Clock& clock, TargetSpec spec, Reach reach,
                                             TargetMetrics shown) {
  auto url = boost::urls::parse_uri(spec.url);
  if (!url) return fail(Errc::invalid, "not a URL");
  auto upstream =
      net::make_upstream({.url = spec.url, .public_addresses_only = reach == Reach::public_only});
  if (!upstream) return std::unexpected(upstream.error());
  std::shared_ptr<Target> target(new Target(clock, std::move(spec), reach, shown));
  target->path_ = std::string(url->encoded_path());
  target->upstream_ = std::move(*upstream);
  return target;
}

resilience::BreakerState Target::breaker() const {
  std::lock_guard lock(mutex_);
  return breaker_.state();
}

bool Target::note_check(bool passed) {
  std::lock_guard lock(mutex_);
  failed_checks_ = passed ? 0 : failed_checks_ + 1;
  bool was = healthy_;
  if (passed) healthy_ = true;
  if (failed_checks_ >= checks_to_fail) healthy_ = false;
  shown_.up.set(healthy_ ? 1 : 0);
  return was != healthy_;
}

std::optional<Duration> Target::shut_for() const {
  std::lock_guard lock(mutex_);
  return breaker_.shut_for(clock_.now());
}

std::unique_ptr<Target::Place> Target::enter(const std::shared_ptr<Target>& target) {
  std::lock_guard lock(target->mutex_);
  auto ticket = target->breaker_.admit(target->clock_.now());
  if (!ticket) return nullptr;
  return std::make_unique<Place>(target, *ticket);
}

Target::Place::Place(std::shared_ptr<Target> target, resilience::Breaker::Ticket ticket)
    : target_(std::move(target)), ticket_(ticket) {
  ++target_->active_;
}

Target::Place::~Place() {
  --target_->active_;
  if (settled_) return;
  std::lock_guard lock(target_->mutex_);
  target_->breaker_.forgotten(ticket_);
}

void Target::Place::succeeded() {
  if (std::exchange(settled_, true)) return;
  std::lock_guard lock(target_->mutex_);
  target_->breaker_.succeeded(ticket_, target_->clock_.now());
}

void Target::Place::failed() {
  if (std::exchange(settled_, true)) return;
  target_->shown_.failures.add();
  std::lock_guard lock(target_->mutex_);
  target_->breaker_.failed(ticket_, target_->clock_.now());
}

void Target::Place::cut_body() {
  target_->shown_.cut_bodies.add();
  failed();
}

}  // namespace parley::gateway
