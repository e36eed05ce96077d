#pragma once
#include <string>
#include <variant>

#include "parley/auth/users.hpp"

namespace parley::auth {

struct Organization {
  OrganizationId id;
  std::string name;
};

struct NewOwner {
  std::string organization;
  std::string name;
  std::string email;
  std::string password;
};

struct Credentials {
  std::string email;
  std::string password;
};

/// The tokens are secrets of the person who signed in: they go into the answer and nowhere else.
struct SignedIn {
  std::string access_token;
  std::chrono::seconds access_life{0};
  std::string refresh_token;
  WallTime refresh_expires;
  SessionId session;
  User user;
  Organization organization;
};

/// Signing in and out, and knowing who a bearer token is. Thread-safe.
///
/// Access tokens are short-lived JWTs; what revokes them early (sign-out, changed role, new
/// password) is known to this process at once and to other nodes when the token ends. Refresh
/// tokens are used once; a second use revokes the session with all its tokens.
class Sessions {
 public:
  virtual ~Sessions() = default;

  /// The first user makes the organization and owns it. Errors: forbidden (there are users
  /// already), invalid (email, password).
  virtual Task<SignedIn> register_owner(Context ctx, NewOwner request, ClientTrace client) = 0;

  /// unauthenticated for an unknown email, a wrong password and a disabled user alike, after the
  /// same work. TryLater after repeated failures of the account or the client's address. Errors
  /// besides: rate_limited (too many at once).
  virtual Task<std::variant<SignedIn, TryLater>> sign_in(Context ctx, Credentials credentials,
                                                         ClientTrace client) = 0;

  /// Errors: unauthenticated (unknown, expired, revoked; used before: the session is revoked).
  virtual Task<SignedIn> refresh(Context ctx, std::string refresh_token, ClientTrace client) = 0;

  enum class Reach { this_session, every_session };
  /// Idempotent. API keys have no session: nothing happens.
  virtual Task<void> sign_out(Context ctx, Identity who, Reach reach) = 0;

  /// Access tokens are checked without the database. Errors: unauthenticated (with why: expired,
  /// revoked, not ours).
  virtual Task<Identity> authenticate(Context ctx, std::string bearer) = 0;

  /// Deletes sessions and counters that have ended long ago: see keep_swept().
  virtual Task<void> sweep(Context ctx) = 0;

  enum class WhenThere { keep_password, set_password };
  struct FirstOwner {
    User user;
    Organization organization;
    bool created = false;
  };
  /// Before the port opens: makes organization and owner when there is no user at all. When the
  /// email exists, returns that user. Errors: conflict (there are users, but not this one),
  /// invalid.
  virtual Task<FirstOwner> ensure_owner(Context ctx, NewOwner owner, WhenThere when_there) = 0;
};

}  // namespace parley::auth
