#pragma once
#include <optional>
#include <string>

#include "parley/auth/users.hpp"
#include "parley/store/tx.hpp"

namespace parley::auth {

/// Slows down guessing, by account and by address. An attempt is counted before the password is
/// looked at and taken back when it was right, so that many at once gain nothing. Accounts that do
/// not exist are counted too: a lock tells nothing.
struct AttemptKeys {
  std::string account;
  std::string address;
};
AttemptKeys attempt_keys(std::string_view email, std::string_view remote_ip);

struct AttemptBegun {
  std::optional<std::chrono::seconds> wait;  ///< locked: do not check the password
  bool locks = false;                        ///< if this one fails, the account is locked
};
Result<AttemptBegun> begin_attempt(store::Tx& tx, const AttemptKeys& keys);
Result<void> attempt_succeeded(store::Tx& tx, const AttemptKeys& keys);
/// The password was not looked at after all (overload): nobody pays for it.
Result<void> attempt_withdrawn(store::Tx& tx, const AttemptKeys& keys);
Result<void> sweep_attempts(store::Tx& tx);

}  // namespace parley::auth
