#include <mutex>
#include <set>

#include "parley/providers/redis/adapters.hpp"

namespace parley::providers::redis {

namespace {

constexpr std::size_t max_debts = 10'000;
constexpr std::size_t paid_at_once = 100;

std::string name_of(const std::string& key) { return "parley:cache:" + key; }

class RedisCache final : public store::Cache {
 public:
  RedisCache(Client& client, Clock& clock, store::MemoryCacheOptions meanwhile)
      : client_(client), clock_(clock), options_(meanwhile) {
    renew();
  }

  Task<std::optional<std::string>> get(Context ctx, std::string key) override {
    if (auto good = store::check_cache_key(key); !good) co_return std::unexpected(good.error());
    auto asking = ask(ctx, key, {"GET", name_of(key)}, Client::Effect::none);
    auto reply = co_await std::move(asking);
    if (reply && reply->kind == Reply::Kind::text) co_return std::move(reply->text);
    if (reply) co_return std::nullopt;
    auto store = meanwhile();
    auto looking = store->get(std::move(ctx), std::move(key));
    co_return co_await std::move(looking);
  }

  Task<void> set(Context ctx, std::string key, std::string value, Duration ttl) override {
    if (auto good = store::check_cache_entry(key, value, ttl); !good) co_return good;
    std::vector<std::string> words{"SET", name_of(key), value, "PX", milliseconds(ttl)};
    auto asking = ask(ctx, key, std::move(words), Client::Effect::some);
    if (auto reply = co_await std::move(asking); reply) co_return Result<void>{};
    owe(key);
    auto store = meanwhile();
    auto keeping = store->set(std::move(ctx), std::move(key), std::move(value), ttl);
    co_return co_await std::move(keeping);
  }

  Task<bool> add(Context ctx, std::string key, std::string value, Duration ttl) override {
    if (auto good = store::check_cache_entry(key, value, ttl); !good)
      co_return std::unexpected(good.error());
    std::vector<std::string> words{"SET", name_of(key), value, "NX", "PX", milliseconds(ttl)};
    auto asking = ask(ctx, key, std::move(words), Client::Effect::some);
    if (auto reply = co_await std::move(asking); reply) co_return reply->kind == Reply::Kind::text;
    auto store = meanwhile();
    auto adding = store->add(std::move(ctx), std::move(key), std::move(value), ttl);
    co_return co_await std::move(adding);
  }

  Task<void> remove(Context ctx, std::string key) override {
    if (auto good = store::check_cache_key(key); !good) co_return good;
    auto asking = ask(ctx, key, {"DEL", name_of(key)}, Client::Effect::some);
    if (auto reply = co_await std::move(asking); reply) co_return Result<void>{};
    owe(key);
    auto store = meanwhile();
    auto removing = store->remove(std::move(ctx), std::move(key));
    co_return co_await std::move(removing);
  }

  Condition condition() const override { return client_.condition(); }

 private:
  static std::string milliseconds(Duration ttl) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(ttl).count());
  }

  /// Asks Redis once its value of `key` is not older than what was written here meanwhile.
  Task<Reply> ask(Context ctx, std::string key, std::vector<std::string> words,
                  Client::Effect effect) {
    auto paying = pay(ctx, std::move(key));
    if (auto paid = co_await std::move(paying); !paid) co_return std::unexpected(paid.error());
    auto asking = client_.command(std::move(ctx), std::move(words), effect);
    co_return co_await std::move(asking);
  }

  Task<void> pay(Context ctx, std::string key) {
    std::vector<std::string> keys;
    {
      std::lock_guard lock(mutex_);
      if (debts_.empty()) co_return Result<void>{};
      if (debts_.contains(key)) keys.push_back(key);
      for (const auto& owed : debts_)
        if (keys.size() < paid_at_once && owed != key) keys.push_back(owed);
    }
    std::vector<std::string> words{"DEL"};
    for (const auto& owed : keys) words.push_back(name_of(owed));
    auto asking = client_.command(std::move(ctx), std::move(words), Client::Effect::some);
    auto reply = co_await std::move(asking);
    if (!reply) co_return std::unexpected(reply.error());
    std::lock_guard lock(mutex_);
    for (const auto& owed : keys) debts_.erase(owed);
    co_return Result<void>{};
  }

  /// Past the bound, other nodes may read the old value until its time is over.
  void owe(const std::string& key) {
    std::lock_guard lock(mutex_);
    if (debts_.size() < max_debts) debts_.insert(key);
  }

  /// What stands in for Redis; an empty one for each time that it is away, since values of the last
  /// time may be old.
  std::shared_ptr<store::Cache> meanwhile() {
    std::lock_guard lock(mutex_);
    if (epoch_ != client_.epoch()) renew();
    return local_;
  }
  void renew() {
    epoch_ = client_.epoch();
    local_ = store::make_memory_cache(clock_, options_);
  }

  Client& client_;
  Clock& clock_;
  const store::MemoryCacheOptions options_;
  std::mutex mutex_;
  std::uint64_t epoch_ = 0;
  std::shared_ptr<store::Cache> local_;
  std::set<std::string> debts_;
};

}  // namespace

std::unique_ptr<store::Cache> make_cache(Client& client, Clock& clock,
                                         store::MemoryCacheOptions meanwhile) {
  return std::make_unique<RedisCache>(client, clock, meanwhile);
}

}  // namespace parley::providers::redis
