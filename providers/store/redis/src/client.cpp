#include "parley/providers/redis/client.hpp"

#include "connection.hpp"
#include "parley/base/race.hpp"
#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::providers::redis {

namespace {

/// A command under way. Guarded by the client's mutex.
struct Pending {
  std::string bytes;
  TimePoint sent;
  std::optional<Result<Reply>> outcome;
  Wake done;
};
using Pendings = std::deque<std::shared_ptr<Pending>>;

}  // namespace

class Client::Impl {
 public:
  Impl(Parts parts, Address address, Options options)
      : parts_(std::move(parts)),
        address_(std::move(address)),
        options_(options),
        shown_(parts_.registry, "commands"),
        seconds_(parts_.registry.histogram("parley_redis_command_seconds",
                                           "From a command's being asked for to its answer")),
        tasks_(parts_.executor, report) {}

  static void report(const std::string& task, const std::string& what) {
    log::error("redis.task_failed", {{"task", task}, {"reason", what}});
  }

  void start() {
    tasks_.spawn("redis client", [this] { return run(); });
  }
  asio::awaitable<void> stop() {
    auto ending = tasks_.stop();
    co_await std::move(ending);
    lose("the client has stopped");
  }

  Task<Reply> command(Context ctx, std::vector<std::string> words, Effect effect) {
    auto began = parts_.clock.now();
    auto asking = ask(std::move(ctx), std::move(words), effect);
    auto reply = co_await std::move(asking);
    auto outcome = reply ? std::string_view("ok") : to_string(reply.error().code);
    parts_.registry
        .counter("parley_redis_commands_total", "Commands to Redis, by how they ended",
                 {{"outcome", std::string(outcome)}})
        .add();
    if (reply) seconds_.observe(parts_.clock.now() - began);
    co_return reply;
  }

  Condition condition() const {
    std::lock_guard lock(mutex_);
    if (!connected_) return Condition::degraded(reason_);
    if (suspect_) return Condition::degraded("Redis does not answer");
    return {};
  }
  std::uint64_t epoch() const noexcept { return epoch_; }

 private:
  Task<Reply> ask(Context ctx, std::vector<std::string> words, Effect effect) {
    auto pending = std::make_shared<Pending>();
    pending->bytes = encode(words);
    {
      std::lock_guard lock(mutex_);
      if (!connected_) co_return fail(Errc::unavailable, reason_);
      if (suspect_) co_return fail(Errc::unavailable, "Redis does not answer");
      if (queued_.size() + sent_.size() >= options_.max_commands)
        co_return fail(Errc::rate_limited, "too many commands to Redis are under way");
      queued_.push_back(pending);
    }
    news_.raise();
    auto deadline = std::min(ctx.deadline, parts_.clock.now() + options_.command_timeout);
    auto waiting = pending->done.wait(parts_.clock, 0, deadline);
    co_await std::move(waiting);
    std::lock_guard lock(mutex_);
    if (!pending->outcome) co_return give_up(pending, effect);
    if (*pending->outcome && (*pending->outcome)->kind == Reply::Kind::error)
      co_return fail(Errc::invalid, "Redis refused it: " + (*pending->outcome)->text);
    co_return *pending->outcome;
  }

  std::unexpected<Error> give_up(const std::shared_ptr<Pending>& pending, Effect effect) {
    auto place = std::ranges::find(queued_, pending);
    if (place != queued_.end()) {
      queued_.erase(place);
      return fail(Errc::timeout, "Redis took too long; nothing was sent");
    }
    // The others need not find out one by one.
    if (parts_.clock.now() - pending->sent >= options_.command_timeout) suspect_ = true;
    return fail(effect == Effect::some ? Errc::outcome_unknown : Errc::timeout,
                "Redis did not answer in time");
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
        auto serving = race(write_all(connection), race(read_all(connection), watch()));
        auto ended = co_await std::move(serving);
        if (ended.index() == 0) {
          opened = std::get<0>(std::move(ended));
        } else {
          auto& other = std::get<1>(ended);
          opened = other.index() == 0 ? std::get<0>(other) : std::get<1>(other);
        }
        ++epoch_;
        shown_.lost.add();
        log::warn("redis.connection_lost", {{"reason", opened.error().detail}});
      }
      lose(opened.error().detail);
      auto pausing = parts_.clock.sleep_for(backoff.next());
      co_await std::move(pausing);
    }
  }

  Task<void> write_all(Connection& connection) {
    while (true) {
      auto seen = news_.generation();
      std::string bytes;
      {
        std::lock_guard lock(mutex_);
        for (; !queued_.empty(); queued_.pop_front()) {
          bytes += queued_.front()->bytes;
          queued_.front()->sent = parts_.clock.now();
          sent_.push_back(std::move(queued_.front()));
        }
      }
      if (bytes.empty()) {
        auto waiting = news_.wait(parts_.clock, seen, TimePoint::max());
        co_await std::move(waiting);
        continue;
      }
      auto writing = connection.write(std::move(bytes));
      if (auto written = co_await std::move(writing); !written) co_return written;
    }
  }

  Task<void> read_all(Connection& connection) {
    while (true) {
      auto reading = connection.read();
      auto reply = co_await std::move(reading);
      if (!reply) co_return std::unexpected(reply.error());
      std::lock_guard lock(mutex_);
      if (sent_.empty()) co_return fail(Errc::corrupt, "Redis answered what nobody asked");
      if (std::exchange(suspect_, false)) ++epoch_;
      heard_ = parts_.clock.now();
      sent_.front()->outcome = std::move(reply);
      sent_.front()->done.raise();
      sent_.pop_front();
    }
  }

  /// Ends when Redis owes an answer for too long; asks one that is idle.
  Task<void> watch() {
    while (true) {
      auto pausing = parts_.clock.sleep_for(options_.patience / 4);
      co_await std::move(pausing);
      auto now = parts_.clock.now();
      std::lock_guard lock(mutex_);
      if (!sent_.empty() && now - sent_.front()->sent > options_.patience)
        co_return fail(Errc::unavailable, "Redis does not answer");
      if (!sent_.empty() || !queued_.empty() || now - heard_ < options_.ping_every) continue;
      auto ping = std::make_shared<Pending>();
      ping->bytes = encode({"PING"});
      queued_.push_back(std::move(ping));
      news_.raise();
    }
  }

  void gain() {
    {
      std::lock_guard lock(mutex_);
      ++epoch_;
      connected_ = true;
      suspect_ = false;
      heard_ = parts_.clock.now();
    }
    shown_.connected.set(1);
    log::info("redis.connected");
  }

  /// Whoever waits goes on at once.
  void lose(std::string reason) {
    shown_.connected.set(0);
    std::lock_guard lock(mutex_);
    connected_ = false;
    reason_ = std::move(reason);
    for (auto& pending : queued_) pending->outcome = fail(Errc::unavailable, reason_);
    // It may have done them, or not.
    for (auto& pending : sent_) pending->outcome = fail(Errc::outcome_unknown, reason_);
    for (auto* all : {&queued_, &sent_}) {
      for (auto& pending : *all) pending->done.raise();
      all->clear();
    }
  }

  const Parts parts_;
  const Address address_;
  const Options options_;
  const ConnectionMetrics shown_;
  const metrics::Histogram seconds_;
  Wake news_;
  std::atomic<std::uint64_t> epoch_{0};
  mutable std::mutex mutex_;
  bool connected_ = false;
  bool suspect_ = false;  ///< a command got no answer in time, and none came since
  std::string reason_ = "Redis is not connected yet";
  Pendings queued_;
  Pendings sent_;  ///< in the order of their answers
  TimePoint heard_;
  TaskGroup tasks_;
};

Client::Client(Parts parts, Address address, Options options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(address), options)) {}
Client::~Client() = default;
void Client::start() { impl_->start(); }
asio::awaitable<void> Client::stop() { return impl_->stop(); }
Task<Reply> Client::command(Context ctx, std::vector<std::string> words, Effect effect) {
  return impl_->command(std::move(ctx), std::move(words), effect);
}
Condition Client::condition() const { return impl_->condition(); }
std::uint64_t Client::epoch() const noexcept { return impl_->epoch(); }

}  // namespace parley::providers::redis
