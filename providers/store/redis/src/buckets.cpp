#include <fmt/format.h>
#include <openssl/evp.h>

#include "parley/providers/redis/adapters.hpp"

namespace parley::providers::redis {

namespace {

/// KEYS[1]: the bucket; ARGV: burst, tokens a second. Gives allowed, whole tokens left, and in
/// milliseconds when the next one is there and when all are. One that is full again is forgotten.
constexpr std::string_view script = R"(
local burst = tonumber(ARGV[1])
local rate = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(kept[1]) or burst
local at = tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)
local allowed = 0
if tokens >= 1 - 1e-9 then
  tokens = math.max(0, tokens - 1)
  allowed = 1
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.9f', tokens), 'at', string.format('%.3f', math.max(now, at)))
local full = math.ceil((burst - tokens) * 1000 / rate)
redis.call('PEXPIRE', KEYS[1], math.max(full, 1) + 1000)
return {allowed, math.floor(tokens + 1e-9), math.max(0, math.ceil((1 - tokens) * 1000 / rate)), full}
)";

std::string sha1_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
    throw std::bad_alloc();
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest.at(i));
  return hex;
}

class RedisBuckets final : public resilience::SharedBuckets {
 public:
  explicit RedisBuckets(Client& client) : client_(client), sha_(sha1_of(script)) {}

  Task<Level> take(Context ctx, Bucket bucket) override {
    if (bucket.key.empty() || bucket.per_second <= 0 || bucket.burst < 1)
      co_return fail(Errc::invalid, "a bucket has a key, a rate and a burst of at least one");
    std::vector<std::string> words{"EVALSHA",
                                   sha_,
                                   "1",
                                   "parley:bucket:" + bucket.key,
                                   fmt::format("{}", bucket.burst),
                                   fmt::format("{}", bucket.per_second)};
    auto asking = client_.command(ctx, words, Client::Effect::some);
    auto reply = co_await std::move(asking);
    // Redis forgets scripts when it starts again.
    if (!reply && reply.error().detail.contains("NOSCRIPT")) {
      words[0] = "EVAL";
      words[1] = script;
      auto again = client_.command(std::move(ctx), std::move(words), Client::Effect::some);
      reply = co_await std::move(again);
    }
    if (!reply) co_return std::unexpected(reply.error());
    if (reply->items.size() != 4) co_return fail(Errc::corrupt, "Redis's script answers otherwise");
    auto number = [&](std::size_t i) { return reply->items[i].integer; };
    Level level;
    level.taken = number(0) == 1;
    level.remaining = static_cast<double>(number(1));
    level.until_next = std::chrono::milliseconds(number(2));
    level.until_full = std::chrono::milliseconds(number(3));
    co_return level;
  }
  Condition condition() const override { return client_.condition(); }

 private:
  Client& client_;
  const std::string sha_;
};

}  // namespace

std::unique_ptr<resilience::SharedBuckets> make_buckets(Client& client) {
  return std::make_unique<RedisBuckets>(client);
}

}  // namespace parley::providers::redis
