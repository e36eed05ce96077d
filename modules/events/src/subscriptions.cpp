#include "parley/events/subscriptions.hpp"

#include <stdexcept>

#include "follower.hpp"
#include "parley/base/task_group.hpp"
#include "parley/events/operation.hpp"

namespace parley::events {

class Subscriptions::Impl {
 public:
  Impl(asio::any_io_executor executor, Clock& clock, Random& random, store::Database& database,
       Options options)
      : shared_{clock, database, options, random.token(12), {}}, tasks_(std::move(executor)) {
    auto handle = shared_.committed.handle();
    database.on_commit([handle] { Wake::raise(handle); });
  }

  void add(Subscription subscription) {
    if (started_ || find(subscription.name))
      throw std::logic_error("cannot add the subscription " + subscription.name);
    if (subscription.empty && (std::holds_alternative<Reaction>(subscription.handler) ||
                               subscription.start == Subscription::Start::now))
      throw std::logic_error("not to be rebuilt from the log: " + subscription.name);
    followers_.push_back(std::make_unique<Follower>(shared_, std::move(subscription)));
  }

  void look() { shared_.committed.raise(); }

  void start() {
    if (std::exchange(started_, true)) return;
    for (auto& follower : followers_)
      tasks_.spawn("subscription " + follower->subscription().name,
                   [f = follower.get()] { return f->run(); });
  }

  asio::awaitable<void> stop() {
    auto ending = tasks_.stop();
    co_await std::move(ending);
    if (!started_ || std::exchange(released_, true)) co_return;
    auto release = [this](store::Tx& tx) { return release_leases(tx, shared_.node); };
    auto work = shared_.database.write(Context{}, release);
    // When the database is away, the leases run out by themselves.
    (void)co_await std::move(work);
  }

  Task<std::vector<SubscriptionStatus>> status(Context ctx) {
    auto look = [this](store::Tx& tx) -> Result<std::vector<SubscriptionStatus>> {
      std::vector<SubscriptionStatus> all;
      for (const auto& follower : followers_) {
        const auto& subscription = follower->subscription();
        auto one = load_status(tx, subscription.name, subscription.filter);
        if (!one) return std::unexpected(one.error());
        // Before its first look at the log it has no place: what happened until then is not for it.
        if (subscription.start == Subscription::Start::now) {
          auto place = load_checkpoint(tx, subscription.name);
          if (!place) return std::unexpected(place.error());
          if (!*place) one->lag = 0;
          if (!*place) one->behind = {};
        }
        all.push_back(std::move(*one));
      }
      return all;
    };
    auto work = shared_.database.read(std::move(ctx), look);
    co_return co_await std::move(work);
  }

  Task<std::vector<DeadLetter>> dead_letters(Context ctx, std::string subscription,
                                             std::size_t limit) {
    auto look = [=](store::Tx& tx) { return load_dead_letters(tx, subscription, limit); };
    auto work = shared_.database.read(std::move(ctx), look);
    co_return co_await std::move(work);
  }

  Task<void> retry(Context ctx, std::string subscription, std::string event_id) {
    auto* follower = find(subscription);
    if (!follower) co_return fail(Errc::not_found, "no such subscription");
    auto look = [&](store::Tx& tx) { return load_parked_event(tx, subscription, event_id); };
    auto looking = shared_.database.read(std::move(ctx), look);
    auto event = co_await std::move(looking);
    if (!event) co_return std::unexpected(event.error());
    std::function<Result<void>(store::Tx&)> finish = [=](store::Tx& tx) {
      return remove_dead_letter(tx, subscription, event_id);
    };
    auto work = follower->handle_apart(std::move(*event), std::move(finish));
    co_return co_await std::move(work);
  }

  Task<void> resume(Context ctx, std::string subscription) {
    auto change = [&](store::Tx& tx) { return resume_subscription(tx, subscription); };
    auto work = shared_.database.write(std::move(ctx), change);
    auto resumed = co_await std::move(work);
    if (resumed) shared_.committed.raise();
    co_return resumed;
  }

  Task<void> rebuild(Context ctx, std::string subscription) {
    auto change = [&](store::Tx& tx) { return request_rebuild(tx, subscription); };
    auto work = shared_.database.write(std::move(ctx), change);
    auto asked = co_await std::move(work);
    if (asked) shared_.committed.raise();
    co_return asked;
  }

 private:
  Follower* find(std::string_view name) {
    for (auto& follower : followers_)
      if (follower->subscription().name == name) return follower.get();
    return nullptr;
  }

  Follower::Shared shared_;
  std::vector<std::unique_ptr<Follower>> followers_;
  bool started_ = false;
  bool released_ = false;
  TaskGroup tasks_;
};

Subscriptions::Subscriptions(asio::any_io_executor executor, Clock& clock, Random& random,
                             store::Database& database)
    : Subscriptions(std::move(executor), clock, random, database, Options()) {}
Subscriptions::Subscriptions(asio::any_io_executor executor, Clock& clock, Random& random,
                             store::Database& database, Options options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, database, options)) {}
Subscriptions::~Subscriptions() = default;

void Subscriptions::add(Subscription subscription) { impl_->add(std::move(subscription)); }
void Subscriptions::start() { impl_->start(); }
void Subscriptions::look() { impl_->look(); }
asio::awaitable<void> Subscriptions::stop() { return impl_->stop(); }
Task<std::vector<SubscriptionStatus>> Subscriptions::status(Context ctx) {
  return impl_->status(std::move(ctx));
}
Task<std::vector<DeadLetter>> Subscriptions::dead_letters(Context ctx, std::string subscription,
                                                          std::size_t limit) {
  return impl_->dead_letters(std::move(ctx), std::move(subscription), limit);
}
Task<void> Subscriptions::retry(Context ctx, std::string subscription, std::string event_id) {
  return impl_->retry(std::move(ctx), std::move(subscription), std::move(event_id));
}
Task<void> Subscriptions::resume(Context ctx, std::string subscription) {
  return impl_->resume(std::move(ctx), std::move(subscription));
}
Task<void> Subscriptions::rebuild(Context ctx, std::string subscription) {
  return impl_->rebuild(std::move(ctx), std::move(subscription));
}

}  // namespace parley::events
