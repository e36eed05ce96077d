#include "parley/auth/auth.hpp"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

#include "core.hpp"
#include "parley/auth/permissions.hpp"

namespace parley::auth {

bool Identity::may(std::string_view permission) const {
  if (!role_may(principal.role, permission)) return false;
  return scopes.empty() || std::ranges::find(scopes, permission) != scopes.end();
}

Auth make_auth(store::Database& database, Clock& clock, Random& random, WorkerPool& pool,
               const MasterKey& master, AuthOptions options) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  auto core = std::make_shared<Core>(database, clock, random, pool, master, options);
  return {make_sessions(core), make_users(core), make_api_keys(core)};
}

}  // namespace parley::auth
