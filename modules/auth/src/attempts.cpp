#include "attempts.hpp"

#include "passwords.hpp"

namespace parley::auth {

namespace {

struct Policy {
  std::int64_t free_attempts;
  std::chrono::seconds first_delay;  ///< doubles with each further failure
  std::chrono::seconds longest_delay;
  std::chrono::hours forgotten_after;
};

constexpr Policy account_policy{5, 30s, 1h, 24h};
constexpr Policy address_policy{20, 30s, 15min, 1h};

struct Counter {
  std::int64_t failures = 0;
  std::optional<WallTime> locked_until;
};

Result<Counter> load(store::Tx& tx, const std::string& key, const Policy& policy) {
  auto rows =
      tx.query("SELECT failures, last_at, locked_until FROM auth_attempts WHERE key = ?1", {key});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty() || rows->front().time("last_at") + policy.forgotten_after < tx.now())
    return Counter{};
  return Counter{rows->front().integer("failures"), rows->front().optional_time("locked_until")};
}

std::optional<std::chrono::seconds> wait_of(const Counter& counter, WallTime now) {
  if (!counter.locked_until || *counter.locked_until <= now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*counter.locked_until - now);
}

Counter one_more(const Counter& counter, const Policy& policy, WallTime now) {
  Counter next{counter.failures + 1, std::nullopt};
  auto beyond = next.failures - policy.free_attempts;
  if (beyond < 0) return next;
  auto doublings = std::min<std::int64_t>(beyond, 20);
  next.locked_until =
      now + std::min(policy.first_delay * (std::int64_t{1} << doublings), policy.longest_delay);
  return next;
}

Result<void> save(store::Tx& tx, const std::string& key, const Counter& counter) {
  auto saved = tx.execute(
      "INSERT INTO auth_attempts (key, failures, last_at, locked_until) VALUES (?1, ?2, ?3, ?4) "
      "ON CONFLICT (key) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, "
      "locked_until = excluded.locked_until",
      {key, counter.failures, tx.now(), counter.locked_until});
  if (!saved) return std::unexpected(saved.error());
  return {};
}

Result<void> take_back(store::Tx& tx, const std::string& key) {
  auto changed = tx.execute(
      "UPDATE auth_attempts SET failures = failures - 1, locked_until = NULL "
      "WHERE key = ?1 AND failures > 0",
      {key});
  if (!changed) return std::unexpected(changed.error());
  return {};
}

}  // namespace

AttemptKeys attempt_keys(std::string_view email, std::string_view remote_ip) {
  return {token_hash("account:" + std::string(email)),
          token_hash("address:" + std::string(remote_ip))};
}

Result<AttemptBegun> begin_attempt(store::Tx& tx, const AttemptKeys& keys) {
  auto account = load(tx, keys.account, account_policy);
  if (!account) return std::unexpected(account.error());
  auto address = load(tx, keys.address, address_policy);
  if (!address) return std::unexpected(address.error());
  auto wait = std::max(wait_of(*account, tx.now()), wait_of(*address, tx.now()));
  if (wait) return AttemptBegun{wait, false};
  auto next = one_more(*account, account_policy, tx.now());
  if (auto saved = save(tx, keys.account, next); !saved) return std::unexpected(saved.error());
  auto saved = save(tx, keys.address, one_more(*address, address_policy, tx.now()));
  if (!saved) return std::unexpected(saved.error());
  return AttemptBegun{std::nullopt, next.locked_until.has_value()};
}

Result<void> attempt_succeeded(store::Tx& tx, const AttemptKeys& keys) {
  auto cleared = tx.execute("DELETE FROM auth_attempts WHERE key = ?1", {keys.account});
  if (!cleared) return std::unexpected(cleared.error());
  // The address keeps what it did to other accounts.
  return take_back(tx, keys.address);
}

Result<void> attempt_withdrawn(store::Tx& tx, const AttemptKeys& keys) {
  if (auto done = take_back(tx, keys.account); !done) return done;
  return take_back(tx, keys.address);
}

Result<void> sweep_attempts(store::Tx& tx) {
  auto swept = tx.execute("DELETE FROM auth_attempts WHERE last_at < ?1",
                          {tx.now() - account_policy.forgotten_after});
  if (!swept) return std::unexpected(swept.error());
  return {};
}

}  // namespace parley::auth
