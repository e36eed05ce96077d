#include "parley/auth/users.hpp"

#include <array>

#include "core.hpp"
#include "parley/store/sort.hpp"
#include "session_rows.hpp"
#include "user_rows.hpp"

namespace parley::auth {

namespace {

/// Nobody reaches above themselves. Internal actors may do all.
Result<void> check_rank(const Principal& actor, Role role) {
  if (actor.kind == Principal::Kind::system || role <= actor.role) return {};
  return fail(Errc::forbidden, "only someone of at least the same role may do that");
}

Result<void> check_version(const User& user, std::int64_t expected) {
  if (expected == 0 || expected == user.version) return {};
  return fail(Errc::conflict, "the user was changed in the meantime");
}

/// Someone must always be able to manage the organization.
Result<void> check_not_last_owner(store::Tx& tx, const User& user) {
  if (user.role != Role::owner || user.status != UserStatus::active) return {};
  auto others = tx.one(
      "SELECT COUNT(*) AS many FROM users WHERE organization_id = ?1 AND role = 'owner' "
      "AND status = 'active' AND id <> ?2",
      {user.organization, user.id});
  if (!others) return std::unexpected(others.error());
  if (others->integer("many") > 0) return {};
  return fail(Errc::conflict, "the last active owner must stay one");
}

json::object description_of(const UserChange& change) {
  json::object data;
  if (change.name) data["name"] = "changed";
  if (change.role) data["role"] = to_string(*change.role);
  if (change.status) data["status"] = to_string(*change.status);
  if (change.password) data["password"] = "changed";
  return data;
}

class UsersOnStore final : public Users {
 public:
  explicit UsersOnStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Task<User> create(Context ctx, NewUser request) override;
  Task<User> get(Context ctx, UserId id) override;
  Task<UserList> list(Context ctx, Page page) override;
  Task<User> update(Context ctx, UserId id, UserChange change,
                    std::int64_t expected_version) override;
  Task<void> remove(Context ctx, UserId id, std::int64_t expected_version) override;
  Task<std::variant<User, TryLater>> change_password(Context ctx, UserId id, SessionId keep,
                                                     std::string current, std::string next,
                                                     ClientTrace client) override;

 private:
  struct Change {
    User user;
    std::vector<SessionId> ended;
  };
  static Result<Change> apply(store::Tx& tx, const UserId& id, const UserChange& change,
                              const std::string& hash, std::int64_t expected_version);
  Task<User> replace_password(Context ctx, UserRow row, SessionId keep, AttemptKeys keys,
                              std::string hash);

  std::shared_ptr<Core> core_;
};

Task<User> UsersOnStore::create(Context ctx, NewUser request) {
  auto email = normalize_email(request.email);
  if (!email) co_return std::unexpected(email.error());
  auto good = check_password_rules(request.password, *email);
  if (!good) co_return std::unexpected(good.error());
  auto allowed = check_rank(ctx.principal, request.role);
  if (!allowed) co_return std::unexpected(allowed.error());
  auto hashing = core_->passwords.hash(request.password);
  auto hash = co_await std::move(hashing);
  if (!hash) co_return std::unexpected(hash.error());
  User user;
  user.id = UserId::make(core_->clock, core_->random);
  user.organization = ctx.organization;
  user.email = *email;
  user.name = request.name;
  user.role = request.role;
  user.version = 1;
  auto add = [&](store::Tx& tx) -> Result<void> {
    user.created = user.updated = tx.now();
    return insert_user(tx, {user, *hash});
  };
  auto added = co_await core_->database.write(ctx, add);
  if (!added) co_return std::unexpected(added.error());
  co_return user;
}

Task<User> UsersOnStore::get(Context ctx, UserId id) {
  auto look = [&](store::Tx& tx) -> Result<User> {
    auto row = load_user(tx, tx.context().organization, id);
    if (!row) return std::unexpected(row.error());
    return row->user;
  };
  co_return co_await core_->database.read(ctx, look);
}

Task<UserList> UsersOnStore::list(Context ctx, Page page) {
  auto look = [&](store::Tx& tx) -> Result<UserList> {
    auto& organization = tx.context().organization;
    auto count =
        tx.one("SELECT COUNT(*) AS many FROM users WHERE organization_id = ?1", {organization});
    if (!count) return std::unexpected(count.error());
    constexpr std::array fields{store::SortField{"createdAt", "created_at"},
                                store::SortField{"name", "name"}};
    auto order = store::order_by(page.sort, fields, "id");
    if (!order) return std::unexpected(order.error());
    auto rows =
        tx.query("SELECT * FROM users WHERE organization_id = ?1" + *order + " LIMIT ?2 OFFSET ?3",
                 {organization, page.limit, (page.number - 1) * page.limit});
    if (!rows) return std::unexpected(rows.error());
    UserList found;
    found.total = count->integer("many");
    for (auto& row : *rows) found.items.push_back(read_user(row).user);
    return found;
  };
  co_return co_await core_->database.read(ctx, look);
}

Result<UsersOnStore::Change> UsersOnStore::apply(store::Tx& tx, const UserId& id,
                                                 const UserChange& change, const std::string& hash,
                                                 std::int64_t expected_version) {
  auto row = load_user(tx, tx.context().organization, id);
  if (!row) return std::unexpected(row.error());
  auto& user = row->user;
  auto& actor = tx.context().principal;
  if (auto ok = check_rank(actor, user.role); !ok) return std::unexpected(ok.error());
  if (auto ok = check_rank(actor, change.role.value_or(user.role)); !ok)
    return std::unexpected(ok.error());
  if (auto ok = check_version(user, expected_version); !ok) return std::unexpected(ok.error());
  auto role = change.role.value_or(user.role);
  auto status = change.status.value_or(user.status);
  if (role != Role::owner || status != UserStatus::active)
    if (auto ok = check_not_last_owner(tx, user); !ok) return std::unexpected(ok.error());
  user.name = change.name.value_or(user.name);
  user.role = role;
  user.status = status;
  user.updated = tx.now();
  ++user.version;
  auto updated = tx.execute(
      "UPDATE users SET name = ?1, role = ?2, status = ?3, password_hash = ?4, updated_at = ?5, "
      "version = ?6 WHERE id = ?7",
      {user.name, to_string(role), to_string(status), hash.empty() ? row->password_hash : hash,
       user.updated, user.version, id});
  if (!updated) return std::unexpected(updated.error());
  Change done{user, {}};
  if (change.password || status == UserStatus::disabled) {
    auto ended = revoke_sessions(tx, id, SessionId(), "the account was changed");
    if (!ended) return std::unexpected(ended.error());
    done.ended = std::move(*ended);
  }
  auto told = record(tx, id, "user.updated", description_of(change));
  if (!told) return std::unexpected(told.error());
  return done;
}

Task<User> UsersOnStore::update(Context ctx, UserId id, UserChange change,
                                std::int64_t expected_version) {
  std::string hash;
  if (change.password) {
    auto good = check_password_rules(*change.password, "");
    if (!good) co_return std::unexpected(good.error());
    auto hashing = core_->passwords.hash(*change.password);
    auto hashed = co_await std::move(hashing);
    if (!hashed) co_return std::unexpected(hashed.error());
    hash = std::move(*hashed);
  }
  auto work = [&](store::Tx& tx) { return apply(tx, id, change, hash, expected_version); };
  auto done = co_await core_->database.write(ctx, work);
  if (!done) co_return std::unexpected(done.error());
  if (change.role || change.status) core_->revocations.require_version(id, done->user.version);
  for (auto& session : done->ended) core_->revocations.end_session(session);
  co_return done->user;
}

Task<void> UsersOnStore::remove(Context ctx, UserId id, std::int64_t expected_version) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto row = load_user(tx, tx.context().organization, id);
    if (!row) return std::unexpected(row.error());
    if (auto ok = check_rank(tx.context().principal, row->user.role); !ok) return ok;
    if (auto ok = check_version(row->user, expected_version); !ok) return ok;
    if (auto ok = check_not_last_owner(tx, row->user); !ok) return ok;
    auto removed = tx.execute("DELETE FROM users WHERE id = ?1", {id});
    if (!removed) return std::unexpected(removed.error());
    return record(tx, id, "user.removed", {});
  };
  auto removed = co_await core_->database.write(ctx, change);
  if (!removed) co_return removed;
  core_->revocations.end_user(id);
  co_return removed;
}

Task<User> UsersOnStore::replace_password(Context ctx, UserRow row, SessionId keep,
                                          AttemptKeys keys, std::string hash) {
  auto change = [&](store::Tx& tx) -> Result<Change> {
    if (auto done = attempt_succeeded(tx, keys); !done) return std::unexpected(done.error());
    auto updated = tx.execute(
        "UPDATE users SET password_hash = ?1, updated_at = ?2, version = version + 1 "
        "WHERE id = ?3 AND password_hash = ?4",
        {hash, tx.now(), row.user.id, row.password_hash});
    if (!updated) return std::unexpected(updated.error());
    if (*updated == 0) return fail(Errc::conflict, "the password was changed in the meantime");
    auto ended = revoke_sessions(tx, row.user.id, keep, "the password was changed");
    if (!ended) return std::unexpected(ended.error());
    auto told = record(tx, row.user.id, "user.password_changed", {});
    if (!told) return std::unexpected(told.error());
    auto now_there = load_user(tx, row.user.organization, row.user.id);
    if (!now_there) return std::unexpected(now_there.error());
    return Change{now_there->user, std::move(*ended)};
  };
  auto done = co_await core_->database.write(ctx, change);
  if (!done) co_return std::unexpected(done.error());
  for (auto& session : done->ended) core_->revocations.end_session(session);
  co_return done->user;
}

Task<std::variant<User, TryLater>> UsersOnStore::change_password(Context ctx, UserId id,
                                                                 SessionId keep,
                                                                 std::string current,
                                                                 std::string next,
                                                                 ClientTrace client) {
  struct Begun {
    UserRow row;
    AttemptKeys keys;
    AttemptBegun attempt;
  };
  auto begin = [&](store::Tx& tx) -> Result<Begun> {
    auto row = load_user(tx, tx.context().organization, id);
    if (!row) return std::unexpected(row.error());
    auto keys = attempt_keys(row->user.email, client.remote_ip);
    auto attempt = begin_attempt(tx, keys);
    if (!attempt) return std::unexpected(attempt.error());
    return Begun{std::move(*row), std::move(keys), *attempt};
  };
  auto good = check_password_rules(next, "");
  if (!good) co_return std::unexpected(good.error());
  auto begun = co_await core_->database.write(ctx, begin);
  if (!begun) co_return std::unexpected(begun.error());
  if (begun->attempt.wait) co_return TryLater{*begun->attempt.wait};
  auto checking = core_->passwords.verify(std::move(current), begun->row.password_hash);
  auto check = co_await std::move(checking);
  if (!check) co_return std::unexpected(check.error());
  if (!check->matches) co_return fail(Errc::unauthenticated, "the current password is wrong");
  auto hashing = core_->passwords.hash(std::move(next));
  auto hash = co_await std::move(hashing);
  if (!hash) co_return std::unexpected(hash.error());
  auto replacing = replace_password(ctx, std::move(begun->row), std::move(keep),
                                    std::move(begun->keys), std::move(*hash));
  auto user = co_await std::move(replacing);
  if (!user) co_return std::unexpected(user.error());
  co_return std::move(*user);
}

}  // namespace

std::unique_ptr<Users> make_users(std::shared_ptr<Core> core) {
  return std::make_unique<UsersOnStore>(std::move(core));
}

}  // namespace parley::auth
