#include "parley/auth/sessions.hpp"

#include <fmt/format.h>

#include "api_key_rows.hpp"
#include "core.hpp"
#include "parley/base/strings.hpp"
#include "session_rows.hpp"

namespace parley::auth {

namespace {

std::unexpected<Error> wrong_credentials() {
  return fail(Errc::unauthenticated, "the email or the password is wrong");
}

Context as_user(Context ctx, const User& user) {
  ctx.organization = user.organization;
  ctx.principal = {Principal::Kind::user, user.id.str(), user.role};
  return ctx;
}

class SessionsOnStore final : public Sessions {
 public:
  explicit SessionsOnStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Task<SignedIn> register_owner(Context ctx, NewOwner request, ClientTrace client) override;
  Task<std::variant<SignedIn, TryLater>> sign_in(Context ctx, Credentials credentials,
                                                 ClientTrace client) override;
  Task<SignedIn> refresh(Context ctx, std::string refresh_token, ClientTrace client) override;
  Task<void> sign_out(Context ctx, Identity who, Reach reach) override;
  Task<Identity> authenticate(Context ctx, std::string bearer) override;
  Task<void> sweep(Context ctx) override;
  Task<FirstOwner> ensure_owner(Context ctx, NewOwner owner, WhenThere when_there) override;

 private:
  struct Candidate {
    AttemptBegun attempt;
    std::optional<UserRow> row;
  };
  Task<Candidate> begin(Context ctx, std::string email, AttemptKeys keys);
  asio::awaitable<void> refused(Context ctx, const Candidate& candidate);
  Task<SignedIn> accepted(Context ctx, UserRow row, AttemptKeys keys, ClientTrace client,
                          std::optional<std::string> new_hash);
  Task<FirstOwner> make_owner(Context ctx, NewOwner owner, std::string hash);
  Task<void> set_password(Context ctx, User user, std::string password);
  Task<Identity> authenticate_key(Context ctx, std::string secret);
  SignedIn answer(StartedSession session) const;

  std::shared_ptr<Core> core_;
};

SignedIn SessionsOnStore::answer(StartedSession session) const {
  AccessClaims claims;
  claims.user = session.user.id;
  claims.organization = session.user.organization;
  claims.role = session.user.role;
  claims.session = session.id;
  claims.user_version = session.user.version;
  claims.issued = core_->clock.wall();
  claims.expires = claims.issued + core_->options.access_life;
  SignedIn signed_in;
  signed_in.access_token = core_->tokens.sign(claims);
  signed_in.access_life = core_->options.access_life;
  signed_in.refresh_token = std::move(session.refresh_token);
  signed_in.refresh_expires = session.refresh_expires;
  signed_in.session = std::move(session.id);
  signed_in.user = std::move(session.user);
  signed_in.organization = std::move(session.organization);
  return signed_in;
}

// Signing in

Task<SessionsOnStore::Candidate> SessionsOnStore::begin(Context ctx, std::string email,
                                                        AttemptKeys keys) {
  auto look = [&](store::Tx& tx) -> Result<Candidate> {
    auto attempt = begin_attempt(tx, keys);
    if (!attempt) return std::unexpected(attempt.error());
    if (attempt->wait) return Candidate{*attempt, std::nullopt};
    auto row = find_user(tx, email);
    if (!row) return std::unexpected(row.error());
    return Candidate{*attempt, std::move(*row)};
  };
  co_return co_await core_->database.write(ctx, look);
}

/// The failure was counted before; what is left is to tell the organization of a lock.
asio::awaitable<void> SessionsOnStore::refused(Context ctx, const Candidate& candidate) {
  if (!candidate.attempt.locks || !candidate.row) co_return;
  auto& user = candidate.row->user;
  auto tell = [&](store::Tx& tx) { return record(tx, user.id, "user.locked", {}); };
  ctx.organization = user.organization;
  co_await core_->database.write(ctx, tell);
}

Task<SignedIn> SessionsOnStore::accepted(Context ctx, UserRow row, AttemptKeys keys,
                                         ClientTrace client, std::optional<std::string> new_hash) {
  auto start = [&](store::Tx& tx) -> Result<StartedSession> {
    if (auto done = attempt_succeeded(tx, keys); !done) return std::unexpected(done.error());
    auto now_there = load_user(tx, row.user.organization, row.user.id);
    if (!now_there || now_there->password_hash != row.password_hash) return wrong_credentials();
    auto updated =
        tx.execute("UPDATE users SET last_sign_in_at = ?1, password_hash = ?2 WHERE id = ?3",
                   {tx.now(), new_hash.value_or(row.password_hash), row.user.id});
    if (!updated) return std::unexpected(updated.error());
    auto session = start_session(tx, *core_, now_there->user, client);
    if (!session) return session;
    auto told = record(tx, row.user.id, "user.signed_in", {{"sessionId", session->id.str()}});
    if (!told) return std::unexpected(told.error());
    return session;
  };
  auto as_them = as_user(ctx, row.user);
  auto session = co_await core_->database.write(as_them, start);
  if (!session) co_return std::unexpected(session.error());
  co_return answer(std::move(*session));
}

Task<std::variant<SignedIn, TryLater>> SessionsOnStore::sign_in(Context ctx,
                                                                Credentials credentials,
                                                                ClientTrace client) {
  auto email = normalize_email(credentials.email);
  if (!email || !is_storable(credentials.password)) co_return wrong_credentials();
  auto keys = attempt_keys(*email, client.remote_ip);
  auto beginning = begin(ctx, *email, keys);
  auto candidate = co_await std::move(beginning);
  if (!candidate) co_return std::unexpected(candidate.error());
  if (candidate->attempt.wait) co_return TryLater{*candidate->attempt.wait};

  std::optional<std::string> hash;
  if (candidate->row) hash = candidate->row->password_hash;
  auto checking = core_->passwords.verify(credentials.password, std::move(hash));
  auto check = co_await std::move(checking);
  if (!check) {
    auto take_back = [&](store::Tx& tx) { return attempt_withdrawn(tx, keys); };
    co_await core_->database.write(ctx, take_back);
    co_return std::unexpected(check.error());
  }
  if (!check->matches || candidate->row->user.status != UserStatus::active) {
    co_await refused(ctx, *candidate);
    co_return wrong_credentials();
  }
  std::optional<std::string> new_hash;
  if (check->outdated) {
    auto renewing = core_->passwords.hash(credentials.password);
    if (auto renewed = co_await std::move(renewing)) new_hash = std::move(*renewed);
  }
  auto starting = accepted(ctx, std::move(*candidate->row), keys, std::move(client), new_hash);
  auto signed_in = co_await std::move(starting);
  if (!signed_in) co_return std::unexpected(signed_in.error());
  co_return std::move(*signed_in);
}

Task<SignedIn> SessionsOnStore::refresh(Context ctx, std::string refresh_token,
                                        ClientTrace client) {
  auto parsed = parse_refresh_token(refresh_token);
  if (!parsed) co_return std::unexpected(parsed.error());
  auto look = [&](store::Tx& tx) { return session_owner(tx, parsed->session); };
  auto owner = co_await core_->database.read(ctx, look);
  if (!owner) co_return std::unexpected(owner.error());
  auto as_them = as_user(ctx, *owner);
  auto rotate = [&](store::Tx& tx) { return rotate_session(tx, *core_, *parsed, client); };
  auto rotated = co_await core_->database.write(as_them, rotate);
  if (!rotated) co_return std::unexpected(rotated.error());
  if (auto* refusal = std::get_if<RefreshRefused>(&*rotated)) {
    if (refusal->reused) core_->revocations.end_session(parsed->session);
    co_return fail(Errc::unauthenticated, refusal->why);
  }
  co_return answer(std::get<StartedSession>(std::move(*rotated)));
}

Task<void> SessionsOnStore::sign_out(Context ctx, Identity who, Reach reach) {
  if (who.session.empty()) co_return Result<void>{};
  UserId user(who.principal.id);
  auto end = [&](store::Tx& tx) -> Result<std::vector<SessionId>> {
    auto ended = reach == Reach::every_session
                     ? revoke_sessions(tx, user, SessionId(), "signed out everywhere")
                     : revoke_session(tx, who.session, "signed out");
    if (!ended || ended->empty()) return ended;
    json::array ids;
    for (auto& id : *ended) ids.emplace_back(id.str());
    auto told = record(tx, user, "user.signed_out", {{"sessionIds", std::move(ids)}});
    if (!told) return std::unexpected(told.error());
    return ended;
  };
  auto ended = co_await core_->database.write(ctx, end);
  if (!ended) co_return std::unexpected(ended.error());
  core_->revocations.end_session(who.session);
  for (auto& session : *ended) core_->revocations.end_session(session);
  co_return Result<void>{};
}

// Who is asking

Task<Identity> SessionsOnStore::authenticate(Context ctx, std::string bearer) {
  if (bearer.starts_with("pk_")) {
    auto checking = authenticate_key(std::move(ctx), std::move(bearer));
    co_return co_await std::move(checking);
  }
  auto claims = core_->tokens.verify(bearer, core_->clock.wall());
  if (!claims) co_return std::unexpected(claims.error());
  if (core_->revocations.covers(*claims))
    co_return fail(Errc::unauthenticated, "the access token was revoked: sign in again");
  Identity identity;
  identity.organization = std::move(claims->organization);
  identity.principal = {Principal::Kind::user, claims->user.str(), claims->role};
  identity.session = std::move(claims->session);
  co_return identity;
}

Task<Identity> SessionsOnStore::authenticate_key(Context ctx, std::string secret) {
  auto hash = token_hash(secret);
  auto look = [&](store::Tx& tx) { return find_api_key(tx, hash); };
  auto found = co_await core_->database.read(ctx, look);
  if (!found) {
    // The database is away: a key that was good a moment ago still reads.
    bool away = found.error().code == Errc::unavailable || found.error().code == Errc::timeout;
    auto known = away ? core_->known_keys.find(hash) : std::nullopt;
    if (known) co_return std::move(*known);
    co_return std::unexpected(found.error());
  }
  auto now = core_->clock.wall();
  if (!*found) {
    core_->known_keys.forget(hash);
    co_return fail(Errc::unauthenticated, "the API key is not known");
  }
  auto& key = **found;
  if (key.key.expires && *key.key.expires <= now)
    co_return fail(Errc::unauthenticated, "the API key has expired");
  if (!key.key.last_used || *key.key.last_used + 1min <= now) {
    auto touch = [&](store::Tx& tx) { return touch_api_key(tx, key.key.id); };
    // Not worth refusing the request for.
    co_await core_->database.write(ctx, touch);
  }
  Identity identity;
  identity.organization = key.organization;
  identity.principal = {Principal::Kind::api_key, key.key.id.str(), key.key.role};
  identity.scopes = key.key.scopes;
  core_->known_keys.good(hash, identity, key.key.expires);
  co_return identity;
}

Task<void> SessionsOnStore::sweep(Context ctx) {
  auto clean = [](store::Tx& tx) -> Result<void> {
    auto swept = sweep_sessions(tx);
    if (!swept) return swept;
    return sweep_attempts(tx);
  };
  co_return co_await core_->database.write(ctx, clean);
}

// The first owner

Task<Sessions::FirstOwner> SessionsOnStore::make_owner(Context ctx, NewOwner owner,
                                                       std::string hash) {
  FirstOwner first;
  first.created = true;
  first.organization = {OrganizationId::make(core_->clock, core_->random), owner.organization};
  auto& user = first.user;
  user.id = UserId::make(core_->clock, core_->random);
  user.organization = first.organization.id;
  user.email = owner.email;
  user.name = owner.name;
  user.role = Role::owner;
  user.version = 1;
  auto make = [&](store::Tx& tx) -> Result<void> {
    auto anyone = any_user(tx);
    if (!anyone) return std::unexpected(anyone.error());
    if (*anyone)
      return fail(Errc::forbidden,
                  "there is an owner already: ask an administrator for an account");
    user.created = user.updated = tx.now();
    auto made = insert_organization(tx, first.organization);
    if (!made) return made;
    return insert_user(tx, {user, hash});
  };
  auto as_them = as_user(ctx, user);
  auto made = co_await core_->database.write(as_them, make);
  if (!made) co_return std::unexpected(made.error());
  co_return first;
}

Task<SignedIn> SessionsOnStore::register_owner(Context ctx, NewOwner request, ClientTrace client) {
  auto email = normalize_email(request.email);
  if (!email) co_return std::unexpected(email.error());
  auto good = check_password_rules(request.password, *email);
  if (!good) co_return std::unexpected(good.error());
  // Looked at before the costly hash, so that a closed door costs nothing.
  auto look = [](store::Tx& tx) { return any_user(tx); };
  auto anyone = co_await core_->database.read(ctx, look);
  if (!anyone) co_return std::unexpected(anyone.error());
  if (*anyone)
    co_return fail(Errc::forbidden,
                   "there is an owner already: ask an administrator for an account");
  request.email = *email;
  auto hashing = core_->passwords.hash(request.password);
  auto hash = co_await std::move(hashing);
  if (!hash) co_return std::unexpected(hash.error());
  auto making = make_owner(ctx, std::move(request), std::move(*hash));
  auto first = co_await std::move(making);
  if (!first) co_return std::unexpected(first.error());
  auto start = [&](store::Tx& tx) { return start_session(tx, *core_, first->user, client); };
  auto as_them = as_user(ctx, first->user);
  auto session = co_await core_->database.write(as_them, start);
  if (!session) co_return std::unexpected(session.error());
  co_return answer(std::move(*session));
}

Task<void> SessionsOnStore::set_password(Context ctx, User user, std::string password) {
  auto hashing = core_->passwords.hash(std::move(password));
  auto hash = co_await std::move(hashing);
  if (!hash) co_return std::unexpected(hash.error());
  auto set = [&](store::Tx& tx) -> Result<void> {
    auto updated =
        tx.execute("UPDATE users SET password_hash = ?1 WHERE id = ?2", {*hash, user.id});
    if (!updated) return std::unexpected(updated.error());
    return record(tx, user.id, "user.password_changed", {});
  };
  ctx.organization = user.organization;
  co_return co_await core_->database.write(ctx, set);
}

Task<Sessions::FirstOwner> SessionsOnStore::ensure_owner(Context ctx, NewOwner owner,
                                                         WhenThere when_there) {
  auto email = normalize_email(owner.email);
  if (!email) co_return std::unexpected(email.error());
  owner.email = *email;
  auto good = check_password_rules(owner.password, *email);
  if (!good) co_return std::unexpected(good.error());
  auto look = [&](store::Tx& tx) -> Result<std::optional<FirstOwner>> {
    auto anyone = any_user(tx);
    if (!anyone) return std::unexpected(anyone.error());
    if (!*anyone) return std::optional<FirstOwner>();
    auto row = find_user(tx, owner.email);
    if (!row) return std::unexpected(row.error());
    if (!*row) return fail(Errc::conflict, "there are users already, but not " + owner.email);
    auto organization = load_organization(tx, (*row)->user.organization);
    if (!organization) return std::unexpected(organization.error());
    return FirstOwner{(*row)->user, *organization, false};
  };
  auto there = co_await core_->database.read(ctx, look);
  if (!there) co_return std::unexpected(there.error());
  if (*there) {
    if (when_there == WhenThere::set_password) {
      auto setting = set_password(ctx, (*there)->user, owner.password);
      auto set = co_await std::move(setting);
      if (!set) co_return std::unexpected(set.error());
    }
    co_return std::move(**there);
  }
  auto hashing = core_->passwords.hash(owner.password);
  auto hash = co_await std::move(hashing);
  if (!hash) co_return std::unexpected(hash.error());
  auto making = make_owner(ctx, std::move(owner), std::move(*hash));
  co_return co_await std::move(making);
}

}  // namespace

std::unique_ptr<Sessions> make_sessions(std::shared_ptr<Core> core) {
  return std::make_unique<SessionsOnStore>(std::move(core));
}

}  // namespace parley::auth
