#include "parley/auth/api_keys.hpp"

#include <fmt/format.h>

#include "api_key_rows.hpp"
#include "core.hpp"
#include "parley/auth/permissions.hpp"
#include "parley/base/strings.hpp"

namespace parley::auth {

ApiKeyRow read_api_key(const store::Row& row) {
  ApiKeyRow found;
  auto& key = found.key;
  found.organization = row.id<OrganizationId>("organization_id");
  key.id = row.id<ApiKeyId>("id");
  key.name = row.text("name");
  key.shown_prefix = row.text("shown_prefix");
  key.role = parse_role(row.text("role")).value_or(Role::viewer);
  auto scopes = row.text("scopes");
  if (!scopes.empty()) key.scopes = split(scopes, ' ');
  key.created_by = row.text("created_by");
  key.created = row.time("created_at");
  key.expires = row.optional_time("expires_at");
  key.last_used = row.optional_time("last_used_at");
  return found;
}

Result<std::optional<ApiKeyRow>> find_api_key(store::Tx& tx, const std::string& hash) {
  auto rows = tx.query("SELECT * FROM api_keys WHERE key_hash = ?1", {hash});
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::optional<ApiKeyRow>();
  return std::optional(read_api_key(rows->front()));
}

Result<void> touch_api_key(store::Tx& tx, const ApiKeyId& id) {
  auto touched = tx.execute("UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2", {tx.now(), id});
  if (!touched) return std::unexpected(touched.error());
  return {};
}

namespace {

Result<void> record_key(store::Tx& tx, const ApiKeyId& id, std::string type, json::object data) {
  auto appended = tx.append("api_key-" + id.str(), {std::move(type), std::move(data)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

/// What the maker may hand on.
Result<void> check(const Identity& maker, const NewApiKey& request, Role role, WallTime now) {
  if (role > maker.principal.role)
    return fail(Errc::forbidden, "a key cannot have a higher role than who makes it");
  if (!maker.scopes.empty() && request.scopes.empty())
    return fail(Errc::forbidden, "a key with scopes makes only keys with scopes");
  for (auto& scope : request.scopes) {
    if (!is_permission(scope)) return fail(Errc::invalid, "there is no scope \"" + scope + "\"");
    if (!maker.may(scope)) return fail(Errc::forbidden, "you have no \"" + scope + "\" to hand on");
  }
  if (request.expires && *request.expires <= now)
    return fail(Errc::invalid, "the expiry lies in the past");
  return {};
}

class ApiKeysOnStore final : public ApiKeys {
 public:
  explicit ApiKeysOnStore(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  Task<MadeApiKey> create(Context ctx, Identity maker, NewApiKey request) override {
    auto role = request.role.value_or(maker.principal.role);
    auto allowed = check(maker, request, role, core_->clock.wall());
    if (!allowed) co_return std::unexpected(allowed.error());
    MadeApiKey made;
    made.secret = "pk_" + core_->random.token(32);
    auto& key = made.key;
    key.id = ApiKeyId::make(core_->clock, core_->random);
    key.name = request.name;
    key.shown_prefix = made.secret.substr(0, 7);
    key.role = role;
    key.scopes = std::move(request.scopes);
    key.created_by = maker.principal.id;
    key.expires = request.expires;
    auto add = [&](store::Tx& tx) { return insert(tx, made); };
    auto added = co_await core_->database.write(ctx, add);
    if (!added) co_return std::unexpected(added.error());
    co_return made;
  }

  Task<std::vector<ApiKey>> list(Context ctx) override {
    auto look = [](store::Tx& tx) -> Result<std::vector<ApiKey>> {
      auto rows = tx.query("SELECT * FROM api_keys WHERE organization_id = ?1 ORDER BY id LIMIT ?2",
                           {tx.context().organization, max_keys});
      if (!rows) return std::unexpected(rows.error());
      std::vector<ApiKey> keys;
      for (auto& row : *rows) keys.push_back(read_api_key(row).key);
      return keys;
    };
    co_return co_await core_->database.read(ctx, look);
  }

  Task<void> remove(Context ctx, ApiKeyId id) override {
    auto change = [&](store::Tx& tx) -> Result<void> {
      auto removed = tx.execute("DELETE FROM api_keys WHERE organization_id = ?1 AND id = ?2",
                                {tx.context().organization, id});
      if (!removed) return std::unexpected(removed.error());
      if (*removed == 0) return fail(Errc::not_found, "no such API key");
      return record_key(tx, id, "api_key.removed", {});
    };
    auto removed = co_await core_->database.write(ctx, change);
    core_->known_keys.forget_key(id.str());  // also when the outcome is unknown
    co_return removed;
  }

 private:
  static Result<void> insert(store::Tx& tx, MadeApiKey& made) {
    auto& key = made.key;
    auto& organization = tx.context().organization;
    auto count =
        tx.one("SELECT COUNT(*) AS many FROM api_keys WHERE organization_id = ?1", {organization});
    if (!count) return std::unexpected(count.error());
    if (count->integer("many") >= max_keys)
      return fail(Errc::conflict, fmt::format("an organization has at most {} API keys", max_keys));
    key.created = tx.now();
    auto inserted = tx.execute(
        "INSERT INTO api_keys (id, organization_id, name, key_hash, shown_prefix, role, scopes, "
        "created_by, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        {key.id, organization, key.name, token_hash(made.secret), key.shown_prefix,
         to_string(key.role), join(key.scopes, " "), key.created_by, key.created, key.expires});
    if (!inserted) return std::unexpected(inserted.error());
    json::array scopes(key.scopes.begin(), key.scopes.end());
    return record_key(tx, key.id, "api_key.created",
                      {{"role", to_string(key.role)}, {"scopes", std::move(scopes)}});
  }

  std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<ApiKeys> make_api_keys(std::shared_ptr<Core> core) {
  return std::make_unique<ApiKeysOnStore>(std::move(core));
}

}  // namespace parley::auth
