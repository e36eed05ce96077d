#pragma once
#include <optional>
#include <string>
#include <vector>

#include "parley/auth/users.hpp"

namespace parley::auth {

struct ApiKey {
  ApiKeyId id;
  std::string name;
  std::string shown_prefix;  ///< "pk_3fA9": enough to recognize it
  Role role = Role::viewer;
  std::vector<std::string> scopes;  ///< empty: all that the role may do
  std::string created_by;
  WallTime created;
  std::optional<WallTime> expires;
  std::optional<WallTime> last_used;  ///< to the minute
};

struct NewApiKey {
  std::string name;
  std::optional<Role> role;  ///< at most the maker's, which is the default
  std::vector<std::string> scopes;
  std::optional<WallTime> expires;
};

struct MadeApiKey {
  ApiKey key;
  std::string secret;  ///< "pk_...": shown this once, stored only as a hash
};

/// Keys for programs. Bound to ctx.organization. Thread-safe. Events in "api_key-<id>".
class ApiKeys {
 public:
  virtual ~ApiKeys() = default;
  /// A key never may more than who makes it. Errors: invalid (unknown scope, expiry in the past),
  /// forbidden (a role or scope the maker has not), conflict (too many keys).
  virtual Task<MadeApiKey> create(Context ctx, Identity maker, NewApiKey request) = 0;
  virtual Task<std::vector<ApiKey>> list(Context ctx) = 0;  ///< at most max_keys
  /// Errors: not_found.
  virtual Task<void> remove(Context ctx, ApiKeyId id) = 0;

  static constexpr std::int64_t max_keys = 200;  ///< of one organization
};

}  // namespace parley::auth
