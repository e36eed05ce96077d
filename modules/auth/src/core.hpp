#pragma once
#include "access_token.hpp"
#include "attempts.hpp"
#include "known_keys.hpp"
#include "parley/auth/auth.hpp"
#include "passwords.hpp"
#include "revocations.hpp"

namespace parley::auth {

/// What the three parts of auth share.
struct Core {
  Core(store::Database& db, Clock& c, Random& r, WorkerPool& pool, const MasterKey& master,
       AuthOptions o)
      : database(db),
        clock(c),
        random(r),
        options(o),
        passwords(pool, r, options),
        tokens(master),
        revocations(c, options.access_life),
        known_keys(c) {}

  store::Database& database;
  Clock& clock;
  Random& random;
  AuthOptions options;
  Passwords passwords;
  AccessTokens tokens;
  Revocations revocations;
  KnownKeys known_keys;
};

std::unique_ptr<Sessions> make_sessions(std::shared_ptr<Core> core);
std::unique_ptr<Users> make_users(std::shared_ptr<Core> core);
std::unique_ptr<ApiKeys> make_api_keys(std::shared_ptr<Core> core);

}  // namespace parley::auth
