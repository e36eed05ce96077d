#pragma once
#include <string>

#include "parley/auth/sessions.hpp"
#include "parley/store/tx.hpp"

namespace parley::auth {

/// A user with what only signing in may see.
struct UserRow {
  User user;
  std::string password_hash;
};

UserRow read_user(const store::Row& row);
/// Errors: not_found ("no such user").
Result<UserRow> load_user(store::Tx& tx, const OrganizationId& organization, const UserId& id);
/// Of whatever organization: emails are unique.
Result<std::optional<UserRow>> find_user(store::Tx& tx, const std::string& email);
Result<bool> any_user(store::Tx& tx);
/// Errors: conflict (the email is taken).
Result<void> insert_user(store::Tx& tx, const UserRow& row);
Result<void> insert_organization(store::Tx& tx, const Organization& organization);
Result<Organization> load_organization(store::Tx& tx, const OrganizationId& id);

/// Appends to the stream "user-<id>".
Result<void> record(store::Tx& tx, const UserId& user, std::string type, json::object data);

/// Ends the user's running sessions but `keep`, and says which.
Result<std::vector<SessionId>> revoke_sessions(store::Tx& tx, const UserId& user,
                                               const SessionId& keep, std::string_view because);

}  // namespace parley::auth
