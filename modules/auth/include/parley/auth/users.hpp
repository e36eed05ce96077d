#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parley/auth/identity.hpp"

namespace parley::auth {

enum class UserStatus { active, disabled };
std::string_view to_string(UserStatus status) noexcept;
Result<UserStatus> parse_user_status(std::string_view text);

struct User {
  UserId id;
  OrganizationId organization;
  std::string email;
  std::string name;
  Role role = Role::viewer;
  UserStatus status = UserStatus::active;
  WallTime created;
  WallTime updated;
  std::optional<WallTime> last_sign_in;
  std::int64_t version = 0;
};

struct NewUser {
  std::string email;
  std::string name;
  Role role = Role::viewer;
  std::string password;
};

/// Only what is set changes.
struct UserChange {
  std::optional<std::string> name;
  std::optional<Role> role;
  std::optional<UserStatus> status;
  std::optional<std::string> password;
};

struct Page {
  std::int64_t number = 1;  ///< 1-based
  std::int64_t limit = 50;
  std::string sort;  ///< createdAt or name; "-" before it: the greatest first; empty: by age
};
struct UserList {
  std::vector<User> items;
  std::int64_t total = 0;
};

/// Too many wrong passwords: nothing was checked.
struct TryLater {
  std::chrono::seconds after{0};
};

/// The people of an organization. Bound to ctx.organization; ctx.principal is who changes, and may
/// neither give a role above its own nor touch a user above itself (forbidden). Thread-safe.
/// Every change is an event in the stream "user-<id>".
class Users {
 public:
  virtual ~Users() = default;
  /// Errors: invalid (email, password), conflict (the email is taken), forbidden.
  virtual Task<User> create(Context ctx, NewUser request) = 0;
  virtual Task<User> get(Context ctx, UserId id) = 0;
  virtual Task<UserList> list(Context ctx, Page page) = 0;
  /// `expected_version` 0 means don't care. A changed role voids the user's access tokens, a new
  /// password or `disabled` ends the user's sessions. Errors: not_found, invalid, forbidden,
  /// conflict (stale version; the last active owner must stay one).
  virtual Task<User> update(Context ctx, UserId id, UserChange change,
                            std::int64_t expected_version) = 0;
  /// Ends the user's sessions; API keys the user made stay. Errors: not_found, forbidden, conflict
  /// (the last active owner, a stale version).
  virtual Task<void> remove(Context ctx, UserId id, std::int64_t expected_version) = 0;

  /// One's own, with the password in force. Ends every other session than `keep`. Wrong guesses
  /// count as those of signing in do. Errors: unauthenticated (wrong password), invalid.
  virtual Task<std::variant<User, TryLater>> change_password(Context ctx, UserId id, SessionId keep,
                                                             std::string current, std::string next,
                                                             ClientTrace client) = 0;
};

}  // namespace parley::auth
