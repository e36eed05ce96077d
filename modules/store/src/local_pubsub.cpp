#include <set>

#include "parley/base/wake.hpp"
#include "parley/store/pubsub.hpp"

namespace parley::store {

namespace {

constexpr std::size_t max_channel_bytes = 256;
constexpr std::size_t max_payload_bytes = 64u << 10;
constexpr std::size_t max_waiting = 1024;

}  // namespace

struct LocalPubSub::Hub {
  class Listener;

  explicit Hub(Clock& c) : clock(c) {}
  Clock& clock;
  mutable std::mutex mutex;
  std::map<std::string, std::set<Listener*>> listeners;
  bool stopped = false;
};

/// Its queue is guarded by the hub's mutex: a message reaches all subscribers or none.
class LocalPubSub::Hub::Listener final : public Subscriber {
 public:
  Listener(std::shared_ptr<Hub> hub, std::string channel)
      : hub_(std::move(hub)), channel_(std::move(channel)) {
    std::lock_guard lock(hub_->mutex);
    hub_->listeners[channel_].insert(this);
  }
  ~Listener() override {
    std::lock_guard lock(hub_->mutex);
    auto mine = hub_->listeners.find(channel_);
    mine->second.erase(this);
    if (mine->second.empty()) hub_->listeners.erase(mine);
  }

  Task<Notice> next() override {
    while (true) {
      auto seen = news_.generation();
      {
        std::lock_guard lock(hub_->mutex);
        if (!notices_.empty()) {
          auto first = std::move(notices_.front());
          notices_.pop_front();
          co_return first;
        }
        if (hub_->stopped) co_return fail(Errc::end_of_stream, "publishing has stopped");
      }
      auto waiting = news_.wait(hub_->clock, seen, TimePoint::max());
      co_await std::move(waiting);
    }
  }

  /// Under the hub's mutex.
  void give(const Notice& notice) {
    bool gap = notice.kind == Notice::Kind::gap || notices_.size() >= max_waiting;
    if (!gap) {
      notices_.push_back(notice);
    } else if (notice.kind == Notice::Kind::message) {
      // It cannot keep up: whatever it would have read, it has to look again.
      notices_.clear();
      notices_.push_back({Notice::Kind::gap, channel_, ""});
    } else if (notices_.empty() || notices_.back().kind != Notice::Kind::gap) {
      notices_.push_back({Notice::Kind::gap, channel_, ""});
    }
    news_.raise();
  }
  void wake() { news_.raise(); }

 private:
  const std::shared_ptr<Hub> hub_;
  const std::string channel_;
  std::deque<Notice> notices_;
  Wake news_;
};

Result<void> check_message(const std::string& channel, const std::string& payload) {
  if (channel.empty() || channel.size() > max_channel_bytes)
    return fail(Errc::invalid, "a channel's name has 1 to 256 bytes");
  if (payload.size() > max_payload_bytes)
    return fail(Errc::too_large, "a message has at most 64 KiB");
  return {};
}

LocalPubSub::LocalPubSub(Clock& clock) : hub_(std::make_shared<Hub>(clock)) {}
LocalPubSub::~LocalPubSub() { stop(); }

Task<void> LocalPubSub::publish(Context, std::string channel, std::string payload) {
  if (auto good = check_message(channel, payload); !good) co_return good;
  deliver({Notice::Kind::message, std::move(channel), std::move(payload)});
  co_return Result<void>{};
}

Task<std::unique_ptr<Subscriber>> LocalPubSub::subscribe(Context, std::string channel) {
  if (auto good = check_message(channel, ""); !good) co_return std::unexpected(good.error());
  co_return std::make_unique<Hub::Listener>(hub_, std::move(channel));
}

void LocalPubSub::deliver(const Notice& notice) {
  std::lock_guard lock(hub_->mutex);
  auto found = hub_->listeners.find(notice.channel);
  if (found == hub_->listeners.end()) return;
  for (auto* listener : found->second) listener->give(notice);
}

void LocalPubSub::announce_gap(const std::string& channel) {
  std::lock_guard lock(hub_->mutex);
  for (auto& [name, listeners] : hub_->listeners) {
    if (!channel.empty() && channel != name) continue;
    for (auto* listener : listeners) listener->give({Notice::Kind::gap, name, ""});
  }
}

std::vector<std::string> LocalPubSub::channels() const {
  std::lock_guard lock(hub_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, listeners] : hub_->listeners) names.push_back(name);
  return names;
}

void LocalPubSub::stop() {
  std::lock_guard lock(hub_->mutex);
  hub_->stopped = true;
  for (auto& [name, listeners] : hub_->listeners)
    for (auto* listener : listeners) listener->wake();
}

}  // namespace parley::store
