#include <set>

#include "connection.hpp"
#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/providers/redis/adapters.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::providers::redis {

namespace {

/// Messages of a channel, and what tells everybody that a node could not publish. A message begins
/// with the name of its node, up to the first space.
const std::string prefix = "parley:news:";
const std::string gaps = "parley:gap";

}  // namespace

class RedisPubSub::Impl {
 public:
  Impl(Parts parts, Address address, Client& client, Options options)
      : parts_(std::move(parts)),
        address_(std::move(address)),
        client_(client),
        options_(options),
        shown_(parts_.registry, "subscriptions"),
        node_(parts_.random.token(12)),
        local_(parts_.clock),
        tasks_(parts_.executor, [](const std::string& task, const std::string& what) {
          log::error("redis.task_failed", {{"task", task}, {"reason", what}});
        }) {}

  void start() {
    tasks_.spawn("redis subscriptions", [this] { return run(); });
    tasks_.spawn("redis gaps", [this] { return pay_gaps(); });
  }
  asio::awaitable<void> stop() {
    auto ending = tasks_.stop();
    co_await std::move(ending);
    lose("publishing has stopped");
    local_.stop();
  }

  Task<void> publish(Context ctx, std::string channel, std::string payload) {
    auto here = local_.publish(ctx, channel, payload);
    if (auto good = co_await std::move(here); !good) co_return good;
    std::vector<std::string> words{"PUBLISH", prefix + channel, node_ + " " + payload};
    auto asking = client_.command(std::move(ctx), std::move(words), Client::Effect::some);
    auto reply = co_await std::move(asking);
    if (reply) co_return Result<void>{};
    gap_owed_ = true;
    auto error = reply.error();
    if (error.code != Errc::outcome_unknown) error.code = Errc::unavailable;
    co_return std::unexpected(std::move(error));
  }

  Task<std::unique_ptr<store::Subscriber>> subscribe(Context ctx, std::string channel) {
    if (auto good = store::check_message(channel, ""); !good)
      co_return std::unexpected(good.error());
    struct Wish {
      Impl& impl;
      std::multiset<std::string>::iterator place;
      ~Wish() {
        std::lock_guard lock(impl.mutex_);
        impl.wishes_.erase(place);
      }
    };
    auto wish = [&] {
      std::lock_guard lock(mutex_);
      return Wish{*this, wishes_.insert(channel)};
    }();
    wanted_.raise();
    auto until = std::min(ctx.deadline, parts_.clock.now() + options_.command_timeout);
    while (true) {
      auto seen = confirmed_.generation();
      if (!can_hear(channel)) break;
      if (parts_.clock.now() >= until) break;
      auto waiting = confirmed_.wait(parts_.clock, seen, until);
      co_await std::move(waiting);
    }
    // Heard from now on; or a gap will be announced when it can be.
    auto subscribing = local_.subscribe(std::move(ctx), std::move(channel));
    co_return co_await std::move(subscribing);
  }

  Condition condition() const {
    auto publishing = client_.condition();
    if (!publishing.well()) return publishing;
    std::lock_guard lock(mutex_);
    return connected_ ? Condition{} : Condition::degraded(reason_);
  }

 private:
  /// Whether waiting for the channel makes sense: it is not confirmed, and may be.
  bool can_hear(const std::string& channel) const {
    std::lock_guard lock(mutex_);
    return connected_ && !heard_channels_.contains(channel);
  }

  asio::awaitable<void> run() {
    Backoff backoff(parts_.random, options_);
    while (true) {
      Connection connection(parts_.executor, address_);
      auto opening = with_deadline(parts_.clock, parts_.clock.now() + options_.connect_timeout,
                                   connection.open());
      auto opened = co_await std::move(opening);
      if (opened) {
        backoff.reset();
        gain();
        auto serving = race(keep_subscribed(connection), read_all(connection));
        auto ended = co_await std::move(serving);
        opened = ended.index() == 0 ? std::get<0>(ended) : std::get<1>(ended);
        shown_.lost.add();
        log::warn("redis.subscriptions_lost", {{"reason", opened.error().detail}});
      }
      lose(opened.error().detail);
      auto pausing = parts_.clock.sleep_for(backoff.next());
      co_await std::move(pausing);
    }
  }

  /// Asks for the channels that are wanted and not asked for yet, leaves those that nobody wants
  /// any more, and finds out when Redis is silent.
  Task<void> keep_subscribed(Connection& connection) {
    std::set<std::string> asked;
    std::string bytes = encode({"SUBSCRIBE", gaps});
    auto pinged = parts_.clock.now();
    while (true) {
      auto seen = wanted_.generation();
      auto wanted = wanted_channels();
      for (const auto& channel : wanted)
        if (asked.insert(channel).second) bytes += encode({"SUBSCRIBE", prefix + channel});
      for (auto it = asked.begin(); it != asked.end();) {
        if (wanted.contains(*it)) {
          ++it;
          continue;
        }
        bytes += encode({"UNSUBSCRIBE", prefix + *it});
        forget(*it);
        it = asked.erase(it);
      }
      auto now = parts_.clock.now();
      if (now - pinged >= options_.ping_every) {
        bytes += encode({"PING"});
        pinged = now;
      }
      if (!bytes.empty()) {
        auto writing = connection.write(std::exchange(bytes, {}));
        if (auto written = co_await std::move(writing); !written) co_return written;
      }
      if (now - last_heard() > options_.ping_every + options_.patience)
        co_return fail(Errc::unavailable, "Redis does not answer");
      auto waiting = wanted_.wait(parts_.clock, seen, now + options_.patience / 4);
      co_await std::move(waiting);
    }
  }

  Task<void> read_all(Connection& connection) {
    while (true) {
      auto reading = connection.read();
      auto reply = co_await std::move(reading);
      if (!reply) co_return std::unexpected(reply.error());
      if (reply->kind == Reply::Kind::error)
        co_return fail(Errc::unavailable, "Redis refuses to subscribe");
      {
        std::lock_guard lock(mutex_);
        heard_at_ = parts_.clock.now();
      }
      if (reply->items.size() != 3) continue;  // an answer to PING
      take(reply->items[0].text, reply->items[1].text, reply->items[2].text);
    }
  }

  void take(const std::string& kind, const std::string& name, const std::string& text) {
    bool ours = name.starts_with(prefix);
    auto channel = ours ? name.substr(prefix.size()) : std::string();
    if (kind == "subscribe" && ours) {
      {
        std::lock_guard lock(mutex_);
        heard_channels_.insert(channel);
      }
      // Whoever listens already has missed what was said until now.
      local_.announce_gap(channel);
      confirmed_.raise();
    } else if (kind == "message") {
      auto node = text.substr(0, text.find(' '));
      if (node == node_ || node.size() == text.size()) return;
      if (name == gaps) local_.announce_gap("");
      if (ours)
        local_.deliver({store::Notice::Kind::message, channel, text.substr(node.size() + 1)});
    }
  }

  /// Once this node can publish again, the others are told that it could not.
  asio::awaitable<void> pay_gaps() {
    while (true) {
      auto pausing = parts_.clock.sleep_for(options_.patience / 4);
      co_await std::move(pausing);
      if (!client_.condition().well() || !gap_owed_.exchange(false)) continue;
      auto telling = client_.command({}, {"PUBLISH", gaps, node_ + " "}, Client::Effect::some);
      if (auto told = co_await std::move(telling); !told) gap_owed_ = true;
    }
  }

  std::set<std::string> wanted_channels() const {
    std::set<std::string> wanted;
    for (auto& channel : local_.channels()) wanted.insert(channel);
    std::lock_guard lock(mutex_);
    wanted.insert(wishes_.begin(), wishes_.end());
    return wanted;
  }
  TimePoint last_heard() const {
    std::lock_guard lock(mutex_);
    return heard_at_;
  }
  void forget(const std::string& channel) {
    std::lock_guard lock(mutex_);
    heard_channels_.erase(channel);
  }
  void gain() {
    shown_.connected.set(1);
    std::lock_guard lock(mutex_);
    connected_ = true;
    heard_at_ = parts_.clock.now();
  }
  void lose(std::string reason) {
    shown_.connected.set(0);
    {
      std::lock_guard lock(mutex_);
      connected_ = false;
      reason_ = std::move(reason);
      heard_channels_.clear();
    }
    confirmed_.raise();
  }

  const Parts parts_;
  const Address address_;
  Client& client_;
  const Options options_;
  const ConnectionMetrics shown_;
  const std::string node_;
  store::LocalPubSub local_;
  Wake wanted_;
  Wake confirmed_;
  std::atomic<bool> gap_owed_{false};
  mutable std::mutex mutex_;
  bool connected_ = false;
  std::string reason_ = "Redis is not connected yet";
  TimePoint heard_at_;
  std::set<std::string> heard_channels_;  ///< confirmed upon this connection
  std::multiset<std::string> wishes_;     ///< of those who are in subscribe()
  TaskGroup tasks_;
};

RedisPubSub::RedisPubSub(Parts parts, Address address, Client& client, Options options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(address), client, options)) {}
RedisPubSub::~RedisPubSub() = default;
void RedisPubSub::start() { impl_->start(); }
asio::awaitable<void> RedisPubSub::stop() { return impl_->stop(); }
Task<void> RedisPubSub::publish(Context ctx, std::string channel, std::string payload) {
  return impl_->publish(std::move(ctx), std::move(channel), std::move(payload));
}
Task<std::unique_ptr<store::Subscriber>> RedisPubSub::subscribe(Context ctx, std::string channel) {
  return impl_->subscribe(std::move(ctx), std::move(channel));
}
Condition RedisPubSub::condition() const { return impl_->condition(); }

}  // namespace parley::providers::redis
