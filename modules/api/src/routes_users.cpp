#include <fmt/format.h>

#include <tuple>

#include "parley/auth/permissions.hpp"
#include "services.hpp"
#include "user_json.hpp"
#include "values.hpp"

namespace parley::api {

json::object user_json(const auth::User& user) {
  return {{"id", user.id.str()},
          {"email", user.email},
          {"name", user.name},
          {"role", to_string(user.role)},
          {"status", to_string(user.status)},
          {"createdAt", time_json(user.created)},
          {"updatedAt", time_json(user.updated)},
          {"lastSignInAt", time_json(user.last_sign_in)}};
}

std::unexpected<Failure> locked(const auth::TryLater& later) {
  return refuse_until(
      later.after, "locked_out",
      fmt::format("Too many failed attempts. Try again in {} seconds.", later.after.count()));
}

namespace {

using namespace schema;

Outcome one_user(const auth::User& user) {
  return Reply{.data = user_json(user), .version = user.version};
}

Schema role() { return choice({"owner", "admin", "operator", "closer", "viewer"}); }

std::optional<Role> role_in(const json::object& body) {
  auto text = text_in(body, "role");
  if (!text) return std::nullopt;
  return parse_role(*text).value();
}

Answer list_users(Request& in) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  return reply(in.services.parts.auth.users->list(in.ctx, {page, limit, in.query.text("sort")}),
               [=](const auth::UserList& list) -> Outcome {
                 json::array users;
                 for (auto& user : list.items) users.push_back(user_json(user));
                 return Reply{.data = std::move(users),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer create_user(Request& in) {
  auth::NewUser request;
  request.email = text_in(in.body, "email").value_or("");
  request.name = text_in(in.body, "name").value_or("");
  request.role = role_in(in.body).value_or(Role::viewer);
  request.password = text_in(in.body, "password").value_or("");
  auto creating = in.services.parts.auth.users->create(in.ctx, std::move(request));
  auto user = co_await std::move(creating);
  if (!user && user.error().code == Errc::conflict)
    co_return refuse(409, "email_taken", failure_of(user.error()).message);
  if (!user) co_return refuse(user.error());
  co_return one_user(*user);
}

Answer get_user(Request& in) {
  return reply(in.services.parts.auth.users->get(in.ctx, in.id<UserId>()), one_user);
}

Answer update_user(Request& in) {
  auto& users = *in.services.parts.auth.users;
  auto id = in.id<UserId>();
  auto looking = users.get(in.ctx, id);
  auto current = co_await std::move(looking);
  if (!current) co_return refuse(current.error());
  if (auto good = in.check_if_match(current->version); !good)
    co_return std::unexpected(good.error());
  auth::UserChange change;
  change.name = text_in(in.body, "name");
  change.role = role_in(in.body);
  if (auto status = text_in(in.body, "status"))
    change.status = auth::parse_user_status(*status).value();
  change.password = text_in(in.body, "password");
  auto expected = in.has_if_match() ? current->version : 0;
  auto updating = users.update(in.ctx, id, std::move(change), expected);
  auto updated = co_await std::move(updating);
  if (updated) co_return one_user(*updated);
  auto refusing = refuse_change(in, updated.error(), users.get(in.ctx, id));
  co_return co_await std::move(refusing);
}

Answer remove_user(Request& in) {
  auto& users = *in.services.parts.auth.users;
  auto id = in.id<UserId>();
  auto looking = users.get(in.ctx, id);
  auto current = co_await std::move(looking);
  if (!current) co_return refuse(current.error());
  if (auto good = in.check_if_match(current->version); !good)
    co_return std::unexpected(good.error());
  auto expected = in.has_if_match() ? current->version : 0;
  auto removing = users.remove(in.ctx, id, expected);
  auto removed = co_await std::move(removing);
  if (removed) co_return Reply{.data = json::object{{"id", id.str()}}};
  auto refusing = refuse_change(in, removed.error(), users.get(in.ctx, id));
  co_return co_await std::move(refusing);
}

// One's own

std::expected<UserId, Failure> own_id(const Request& in) {
  if (in.who.principal.kind == Principal::Kind::user) return UserId(in.who.principal.id);
  return refuse(403, "forbidden", "An API key has no profile: sign in as a person.");
}

Answer get_profile(Request& in) {
  auto id = own_id(in);
  if (!id) co_return std::unexpected(id.error());
  auto looking = reply(in.services.parts.auth.users->get(in.ctx, *id), one_user);
  co_return co_await std::move(looking);
}

Answer update_profile(Request& in) {
  auto id = own_id(in);
  if (!id) co_return std::unexpected(id.error());
  auto& users = *in.services.parts.auth.users;
  auto looking = users.get(in.ctx, *id);
  auto current = co_await std::move(looking);
  if (!current) co_return refuse(current.error());
  if (auto good = in.check_if_match(current->version); !good)
    co_return std::unexpected(good.error());
  auto next = text_in(in.body, "password");
  auto old = text_in(in.body, "currentPassword");
  if (next && !old) co_return refuse_field("currentPassword", "is required to change the password");
  auth::User user = std::move(*current);
  if (next) {
    auto changing = users.change_password(in.ctx, *id, in.who.session, *old, *next, in.client());
    auto changed = co_await std::move(changing);
    if (!changed && changed.error().code == Errc::unauthenticated)
      co_return refuse_field("currentPassword", "is wrong");
    if (!changed) co_return refuse(changed.error());
    if (auto* later = std::get_if<auth::TryLater>(&*changed)) co_return locked(*later);
    user = std::get<auth::User>(std::move(*changed));
  }
  if (auto name = text_in(in.body, "name")) {
    auth::UserChange change{.name = std::move(name)};
    auto expected = in.has_if_match() ? user.version : 0;
    auto updating = users.update(in.ctx, *id, std::move(change), expected);
    auto updated = co_await std::move(updating);
    if (!updated) {
      auto refusing = refuse_change(in, updated.error(), users.get(in.ctx, *id));
      co_return co_await std::move(refusing);
    }
    user = std::move(*updated);
  }
  co_return one_user(user);
}

// API keys

json::object key_json(const auth::ApiKey& key) {
  return {{"id", key.id.str()},
          {"name", key.name},
          {"prefix", key.shown_prefix},
          {"role", to_string(key.role)},
          {"scopes", json::array(key.scopes.begin(), key.scopes.end())},
          {"createdBy", key.created_by},
          {"createdAt", time_json(key.created)},
          {"expiresAt", time_json(key.expires)},
          {"lastUsedAt", time_json(key.last_used)}};
}

Answer list_keys(Request& in) {
  auto page = in.query.integer("page", 1);
  auto limit = in.query.integer("limit", 50);
  auto sort = in.query.text("sort");
  return reply(in.services.parts.auth.api_keys->list(in.ctx),
               [=](std::vector<auth::ApiKey> keys) -> Outcome {
                 // They are few, and come by age: the page is cut from all of them.
                 auto by_name = [](auto& a, auto& b) {
                   return std::tie(a.name, a.id) < std::tie(b.name, b.id);
                 };
                 if (sort.ends_with("name")) std::ranges::sort(keys, by_name);
                 if (sort.starts_with('-')) std::ranges::reverse(keys);
                 json::array list;
                 auto total = static_cast<std::int64_t>(keys.size());
                 for (auto i = (page - 1) * limit; i < std::min(page * limit, total); ++i)
                   list.push_back(key_json(keys[static_cast<std::size_t>(i)]));
                 return Reply{.data = std::move(list), .pagination = page_of(page, limit, total)};
               });
}

Answer create_key(Request& in) {
  auth::NewApiKey request;
  request.name = text_in(in.body, "name").value_or("");
  request.role = role_in(in.body);
  request.scopes = texts_in(in.body, "scopes");
  request.expires = time_in(in.body, "expiresAt");
  return reply(in.services.parts.auth.api_keys->create(in.ctx, in.who, std::move(request)),
               [](const auth::MadeApiKey& made) -> Outcome {
                 auto data = key_json(made.key);
                 data["key"] = made.secret;
                 return Reply{.data = std::move(data),
                              .message = "Keep the key now: it is not shown again."};
               });
}

Answer remove_key(Request& in) {
  // A key never changes, so it has its first version as long as it is there.
  if (auto good = in.check_if_match(1); !good) co_return std::unexpected(good.error());
  auto key = in.path("id");
  auto removing = reply(in.services.parts.auth.api_keys->remove(in.ctx, ApiKeyId(key)),
                        [key]() -> Outcome { return Reply{.data = json::object{{"id", key}}}; });
  co_return co_await std::move(removing);
}

std::vector<Field> key_fields() {
  return {required("id", id("key")),
          required("name", text()),
          required("prefix", text()),
          required("role", role()),
          required("scopes", list(text(), 100)),
          required("createdBy", text()),
          required("createdAt", date_time()),
          required("expiresAt", date_time().or_null()),
          required("lastUsedAt", date_time().or_null())};
}

Schema scope() {
  std::vector<std::string> names;
  for (auto name : auth::permissions()) names.emplace_back(name);
  return choice(std::move(names));
}

void add_profile_routes(RouteTable& table) {
  table.add({.path = "/users/profile",
             .group = "users",
             .name = "getProfile",
             .summary = "Oneself.",
             .thing = "user",
             .permission = "profile:read",
             .response = ref("User"),
             .handler = get_profile});
  table.add({.method = net::Method::put,
             .path = "/users/profile",
             .group = "users",
             .name = "updateProfile",
             .summary = "Change one's own name or password. A new password ends one's other "
                        "sessions.",
             .thing = "user",
             .permission = "profile:write",
             .body = BodyKind::json,
             .request = object({optional("name", line(1, 120)),
                                optional("currentPassword", secret(1, 256)),
                                optional("password", secret(8, 256))}),
             .response = ref("User"),
             .handler = update_profile});
}

void add_key_routes(RouteTable& table) {
  table.define("ApiKey", object(key_fields()));
  auto made = key_fields();
  made.push_back(required("key", secret(1, 100)));
  table.define("MadeApiKey", object(std::move(made)));
  table.add({.path = "/api-keys",
             .group = "api keys",
             .name = "listApiKeys",
             .summary = "The organization's keys, without their secrets.",
             .permission = "api_keys:read",
             .query = page_parameters({"createdAt", "name"}),
             .response = list(ref("ApiKey"), auth::ApiKeys::max_keys),
             .paging = Route::Paging::pages,
             .handler = list_keys});
  table.add({.method = net::Method::post,
             .path = "/api-keys",
             .group = "api keys",
             .name = "createApiKey",
             .summary = "A key for a program; it never may more than who makes it. Shown once.",
             .permission = "api_keys:write",
             .body = BodyKind::json,
             .request = object(
                 {required("name", line(1, 120)), optional("role", role()),
                  optional("scopes", list(scope(), 100).about("Left out: all that the role may.")),
                  optional("expiresAt", date_time().example("2999-01-01T00:00:00Z").or_null())}),
             .response = ref("MadeApiKey"),
             .status = 201,
             .handler = create_key});
  table.add({.method = net::Method::delete_,
             .path = "/api-keys/{id}",
             .group = "api keys",
             .name = "deleteApiKey",
             .summary = "The key stops working at once.",
             .thing = "api_key",
             .permission = "api_keys:write",
             .response = object({required("id", id("key"))}),
             .handler = remove_key});
}

}  // namespace

void add_user_routes(RouteTable& table) {
  table.define(
      "User",
      object({required("id", id("user")), required("email", email()), required("name", text()),
              required("role", role()), required("status", choice({"active", "disabled"})),
              required("createdAt", date_time()), required("updatedAt", date_time()),
              required("lastSignInAt", date_time().or_null())}));
  add_profile_routes(table);
  table.add({.path = "/users",
             .group = "users",
             .name = "listUsers",
             .summary = "The organization's people.",
             .permission = "users:read",
             .query = page_parameters({"createdAt", "name"}),
             .response = list(ref("User"), 200),
             .paging = Route::Paging::pages,
             .handler = list_users});
  table.add({.method = net::Method::post,
             .path = "/users",
             .group = "users",
             .name = "createUser",
             .summary = "Add someone, with a role of at most one's own.",
             .permission = "users:write",
             .body = BodyKind::json,
             .request = object({required("email", email()), required("name", line(1, 120)),
                                required("role", role().example("viewer")),
                                required("password", secret(8, 256))}),
             .response = ref("User"),
             .status = 201,
             .handler = create_user});
  table.add({.path = "/users/{id}",
             .group = "users",
             .name = "getUser",
             .summary = "One of the organization's people.",
             .thing = "user",
             .permission = "users:read",
             .response = ref("User"),
             .handler = get_user});
  table.add({.method = net::Method::put,
             .path = "/users/{id}",
             .group = "users",
             .name = "updateUser",
             .summary = "Change name, role, status or password; what is left out stays. The last "
                        "active owner stays one.",
             .thing = "user",
             .permission = "users:write",
             .body = BodyKind::json,
             .request = object({optional("name", line(1, 120)), optional("role", role()),
                                optional("status", choice({"active", "disabled"})),
                                optional("password", secret(8, 256))}),
             .response = ref("User"),
             .handler = update_user});
  table.add({.method = net::Method::delete_,
             .path = "/users/{id}",
             .group = "users",
             .name = "deleteUser",
             .summary = "Remove someone; their sessions end at once.",
             .thing = "user",
             .permission = "users:write",
             .response = object({required("id", id("user"))}),
             .handler = remove_user});
  add_key_routes(table);
}

}  // namespace parley::api
