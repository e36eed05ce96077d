#pragma once
#include <string>
#include <variant>

#include "core.hpp"
#include "user_rows.hpp"

namespace parley::auth {

struct StartedSession {
  SessionId id;
  std::string refresh_token;
  WallTime refresh_expires;
  User user;
  Organization organization;
};

/// A new session with its first refresh token. The oldest of a user's sessions end when there are
/// more than a person has devices.
Result<StartedSession> start_session(store::Tx& tx, Core& core, const User& user,
                                     const ClientTrace& client);

/// "rt_<session>.<secret>": the session is named so that a refused token still tells whose it is.
struct RefreshToken {
  SessionId session;
  std::string hash;
};
/// Errors: unauthenticated.
Result<RefreshToken> parse_refresh_token(std::string_view text);

/// Errors: unauthenticated.
Result<User> session_owner(store::Tx& tx, const SessionId& session);

struct RefreshRefused {
  std::string why;
  bool reused = false;
};
/// Uses the token up and gives the next one. A refusal is a value, since the revocation that comes
/// with a reuse has to be committed.
Result<std::variant<StartedSession, RefreshRefused>> rotate_session(store::Tx& tx, Core& core,
                                                                    const RefreshToken& token,
                                                                    const ClientTrace& client);

/// The session, if it was running.
Result<std::vector<SessionId>> revoke_session(store::Tx& tx, const SessionId& session,
                                              std::string_view because);
Result<void> sweep_sessions(store::Tx& tx);

/// Text that a database can keep: no zero bytes, UTF-8.
bool is_storable(std::string_view text);

}  // namespace parley::auth
