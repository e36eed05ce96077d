#pragma once
#include <memory>

#include "parley/auth/api_keys.hpp"
#include "parley/auth/master_key.hpp"
#include "parley/auth/sessions.hpp"
#include "parley/auth/users.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/store/database.hpp"

namespace parley::auth {

struct AuthOptions {
  std::chrono::seconds access_life = std::chrono::minutes(15);
  std::chrono::seconds refresh_life = std::chrono::days(30);   ///< since its last use
  std::chrono::seconds session_life = std::chrono::days(180);  ///< since the sign-in
  /// Argon2id: passes and memory of one hash. Existing hashes are renewed when their owner signs
  /// in.
  std::size_t password_passes = 2;
  std::size_t password_memory_bytes = 64u << 20;
};

struct Auth {
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Users> users;
  std::unique_ptr<ApiKeys> api_keys;
};

/// `pool` runs the password hashing: its threads times password_memory_bytes is the memory that
/// signing in may take. All references must outlive the result.
Auth make_auth(store::Database& database, Clock& clock, Random& random, WorkerPool& pool,
               const MasterKey& master, AuthOptions options = {});

}  // namespace parley::auth
