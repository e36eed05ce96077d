#include "session_rows.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"

namespace parley::auth {

namespace {

constexpr std::size_t max_sessions = 50;  ///< of one user
constexpr std::size_t max_user_agent_bytes = 200;

std::unexpected<Error> unknown_token() {
  return fail(Errc::unauthenticated, "the refresh token is not valid: sign in again");
}

std::string shortened(std::string_view text) {
  if (!is_storable(text)) return "";
  auto cut = text.substr(0, max_user_agent_bytes);
  while (!cut.empty() && !is_valid_utf8(cut)) cut.remove_suffix(1);
  return std::string(cut);
}

struct MadeToken {
  std::string text;
  WallTime expires;
};

Result<MadeToken> add_token(store::Tx& tx, Core& core, const SessionId& session,
                            WallTime session_expires) {
  MadeToken made;
  made.text = fmt::format("rt_{}.{}", session.str(), core.random.token(32));
  made.expires = std::min<WallTime>(tx.now() + core.options.refresh_life, session_expires);
  auto inserted = tx.execute(
      "INSERT INTO auth_refresh_tokens (token_hash, session_id, issued_at, expires_at) "
      "VALUES (?1, ?2, ?3, ?4)",
      {token_hash(made.text), session, tx.now(), made.expires});
  if (!inserted) return std::unexpected(inserted.error());
  return made;
}

/// Makes room for one more.
Result<void> end_oldest_sessions(store::Tx& tx, const UserId& user) {
  auto ended = tx.execute(
      "DELETE FROM auth_sessions WHERE user_id = ?1 AND id NOT IN "
      "(SELECT id FROM auth_sessions WHERE user_id = ?1 ORDER BY created_at DESC, id DESC "
      "LIMIT ?2)",
      {user, static_cast<std::int64_t>(max_sessions) - 1});
  if (!ended) return std::unexpected(ended.error());
  return {};
}

Result<StartedSession> complete(store::Tx& tx, SessionId id, MadeToken token, const User& user) {
  auto organization = load_organization(tx, user.organization);
  if (!organization) return std::unexpected(organization.error());
  return StartedSession{std::move(id), std::move(token.text), token.expires, user,
                        std::move(*organization)};
}

}  // namespace

bool is_storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && is_valid_utf8(text);
}

Result<StartedSession> start_session(store::Tx& tx, Core& core, const User& user,
                                     const ClientTrace& client) {
  if (auto ended = end_oldest_sessions(tx, user.id); !ended) return std::unexpected(ended.error());
  auto id = SessionId::make(core.clock, core.random);
  WallTime expires = tx.now() + core.options.session_life;
  auto inserted = tx.execute(
      "INSERT INTO auth_sessions (id, organization_id, user_id, created_at, last_used_at, "
      "expires_at, remote_ip, user_agent) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
      {id, user.organization, user.id, tx.now(), expires, shortened(client.remote_ip),
       shortened(client.user_agent)});
  if (!inserted) return std::unexpected(inserted.error());
  auto token = add_token(tx, core, id, expires);
  if (!token) return std::unexpected(token.error());
  return complete(tx, std::move(id), std::move(*token), user);
}

Result<RefreshToken> parse_refresh_token(std::string_view text) {
  auto dot = text.find('.');
  if (!text.starts_with("rt_") || dot == std::string_view::npos || text.size() > 200 ||
      !is_storable(text))
    return unknown_token();
  return RefreshToken{SessionId(std::string(text.substr(3, dot - 3))), token_hash(text)};
}

Result<User> session_owner(store::Tx& tx, const SessionId& session) {
  auto row =
      tx.one("SELECT u.* FROM auth_sessions s JOIN users u ON u.id = s.user_id WHERE s.id = ?1",
             {session});
  if (row) return read_user(*row).user;
  if (row.error().code == Errc::not_found) return unknown_token();
  return std::unexpected(row.error());
}

Result<std::variant<StartedSession, RefreshRefused>> rotate_session(store::Tx& tx, Core& core,
                                                                    const RefreshToken& token,
                                                                    const ClientTrace& client) {
  using Outcome = std::variant<StartedSession, RefreshRefused>;
  auto found = tx.query(
      "SELECT t.used_at, t.expires_at, s.revoked_at, s.expires_at AS session_expires_at, s.user_id "
      "FROM auth_refresh_tokens t JOIN auth_sessions s ON s.id = t.session_id "
      "WHERE t.token_hash = ?1 AND s.id = ?2",
      {token.hash, token.session});
  if (!found) return std::unexpected(found.error());
  if (found->empty()) return unknown_token();
  auto& row = found->front();
  UserId user_id = row.id<UserId>("user_id");
  if (!row.is_null("used_at")) {
    auto ended = revoke_session(tx, token.session, "a used refresh token came again");
    if (!ended) return std::unexpected(ended.error());
    if (!ended->empty()) {
      auto told =
          record(tx, user_id, "session.reuse_detected", {{"sessionId", token.session.str()}});
      if (!told) return std::unexpected(told.error());
    }
    return Outcome(RefreshRefused{
        "the refresh token was used before, so its session has been ended: sign in again", true});
  }
  if (!row.is_null("revoked_at"))
    return Outcome(RefreshRefused{"the session has been ended: sign in again"});
  if (row.time("expires_at") <= tx.now())
    return Outcome(RefreshRefused{"the refresh token has expired: sign in again"});
  auto user = load_user(tx, tx.context().organization, user_id);
  if (!user) return std::unexpected(user.error());
  if (user->user.status != UserStatus::active)
    return Outcome(RefreshRefused{"the account is disabled"});

  auto used = tx.execute("UPDATE auth_refresh_tokens SET used_at = ?1 WHERE token_hash = ?2",
                         {tx.now(), token.hash});
  if (!used) return std::unexpected(used.error());
  auto touched = tx.execute(
      "UPDATE auth_sessions SET last_used_at = ?1, remote_ip = ?2, user_agent = ?3 WHERE id = ?4",
      {tx.now(), shortened(client.remote_ip), shortened(client.user_agent), token.session});
  if (!touched) return std::unexpected(touched.error());
  auto next = add_token(tx, core, token.session, row.time("session_expires_at"));
  if (!next) return std::unexpected(next.error());
  auto session = complete(tx, token.session, std::move(*next), user->user);
  if (!session) return std::unexpected(session.error());
  return Outcome(std::move(*session));
}

Result<std::vector<SessionId>> revoke_session(store::Tx& tx, const SessionId& session,
                                              std::string_view because) {
  auto changed = tx.execute(
      "UPDATE auth_sessions SET revoked_at = ?1, revoked_because = ?2 "
      "WHERE id = ?3 AND revoked_at IS NULL",
      {tx.now(), because, session});
  if (!changed) return std::unexpected(changed.error());
  if (*changed == 0) return std::vector<SessionId>();
  return std::vector{session};
}

Result<void> sweep_sessions(store::Tx& tx) {
  // Used tokens are kept as long as their session, or a reuse would look like an unknown token.
  auto swept = tx.execute("DELETE FROM auth_sessions WHERE expires_at < ?1 OR revoked_at < ?2",
                          {tx.now(), tx.now() - std::chrono::days(30)});
  if (!swept) return std::unexpected(swept.error());
  return {};
}

}  // namespace parley::auth
