#include "user_rows.hpp"

namespace parley::auth {

std::string_view to_string(UserStatus status) noexcept {
  return status == UserStatus::active ? "active" : "disabled";
}

Result<UserStatus> parse_user_status(std::string_view text) {
  if (text == "active") return UserStatus::active;
  if (text == "disabled") return UserStatus::disabled;
  return fail(Errc::invalid, "status must be active or disabled");
}

UserRow read_user(const store::Row& row) {
  UserRow found;
  auto& user = found.user;
  user.id = row.id<UserId>("id");
  user.organization = row.id<OrganizationId>("organization_id");
  user.email = row.text("email");
  user.name = row.text("name");
  user.role = parse_role(row.text("role")).value_or(Role::viewer);
  user.status = parse_user_status(row.text("status")).value_or(UserStatus::disabled);
  user.created = row.time("created_at");
  user.updated = row.time("updated_at");
  user.last_sign_in = row.optional_time("last_sign_in_at");
  user.version = row.integer("version");
  found.password_hash = row.text("password_hash");
  return found;
}

Result<UserRow> load_user(store::Tx& tx, const OrganizationId& organization, const UserId& id) {
  auto row =
      tx.one("SELECT * FROM users WHERE organization_id = ?1 AND id = ?2", {organization, id});
  if (row) return read_user(*row);
  if (row.error().code == Errc::not_found) return fail(Errc::not_found, "no such user");
  return std::unexpected(row.error());
}

Result<std::optional<UserRow>> find_user(store::Tx& tx, const std::string& email) {
  auto rows = tx.query("SELECT * FROM users WHERE email = ?1", {email});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<UserRow>();
  return std::optional(read_user(rows->front()));
}

Result<bool> any_user(store::Tx& tx) {
  auto rows = tx.query("SELECT id FROM users LIMIT 1");
  if (!rows) return std::unexpected(rows.error());
  return !rows->empty();
}

Result<void> insert_user(store::Tx& tx, const UserRow& row) {
  auto& user = row.user;
  auto inserted = tx.execute(
      "INSERT INTO users (id, organization_id, email, name, role, status, password_hash, "
      "created_at, updated_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
      "ON CONFLICT (email) DO NOTHING",
      {user.id, user.organization, user.email, user.name, to_string(user.role),
       to_string(user.status), row.password_hash, user.created, user.updated, user.version});
  if (!inserted) return std::unexpected(inserted.error());
  if (*inserted == 0) return fail(Errc::conflict, "a user with this email exists already");
  return record(tx, user.id, "user.created",
                {{"userId", user.id.str()}, {"role", to_string(user.role)}});
}

Result<void> insert_organization(store::Tx& tx, const Organization& organization) {
  auto inserted = tx.execute("INSERT INTO organizations (id, name, created_at) VALUES (?1, ?2, ?3)",
                             {organization.id, organization.name, tx.now()});
  if (!inserted) return std::unexpected(inserted.error());
  auto appended = tx.append("organization-" + organization.id.str(),
                            {"organization.created", {{"name", organization.name}}});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

Result<Organization> load_organization(store::Tx& tx, const OrganizationId& id) {
  auto row = tx.one("SELECT id, name FROM organizations WHERE id = ?1", {id});
  if (!row) return std::unexpected(row.error());
  return Organization{id, row->text("name")};
}

Result<void> record(store::Tx& tx, const UserId& user, std::string type, json::object data) {
  auto appended = tx.append("user-" + user.str(), {std::move(type), std::move(data)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

Result<std::vector<SessionId>> revoke_sessions(store::Tx& tx, const UserId& user,
                                               const SessionId& keep, std::string_view because) {
  auto rows = tx.query(
      "UPDATE auth_sessions SET revoked_at = ?1, revoked_because = ?2 "
      "WHERE user_id = ?3 AND id <> ?4 AND revoked_at IS NULL RETURNING id",
      {tx.now(), because, user, keep});
  if (!rows) return std::unexpected(rows.error());
  std::vector<SessionId> ended;
  for (auto& row : *rows) ended.push_back(row.id<SessionId>("id"));
  return ended;
}

}  // namespace parley::auth
