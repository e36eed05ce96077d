#pragma once
#include <string>

#include "parley/auth/identity.hpp"
#include "parley/auth/master_key.hpp"

namespace parley::auth {

/// What an access token says.
struct AccessClaims {
  UserId user;
  OrganizationId organization;
  Role role = Role::viewer;
  SessionId session;
  std::int64_t user_version = 0;
  WallTime issued;
  WallTime expires;
};

/// JWT (RFC 7519, RFC 8725) signed with HMAC-SHA-256. There is exactly one accepted algorithm, and
/// the signature is checked before anything in the token is believed. Thread-safe.
class AccessTokens {
 public:
  explicit AccessTokens(const MasterKey& master) : key_(master.derive("access-tokens")) {}
  std::string sign(const AccessClaims& claims) const;
  /// Errors: unauthenticated, saying why.
  Result<AccessClaims> verify(std::string_view token, WallTime now) const;

 private:
  std::string mac(std::string_view message) const;
  SecretKey key_;
};

}  // namespace parley::auth
