#include "services.hpp"
#include "user_json.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;

constexpr std::size_t max_token_bytes = 4096;

Outcome signed_in(const auth::SignedIn& session) {
  Reply reply;
  reply.data = json::object{{"accessToken", session.access_token},
                            {"tokenType", "Bearer"},
                            {"expiresIn", session.access_life.count()},
                            {"refreshToken", session.refresh_token},
                            {"refreshExpiresAt", time_json(session.refresh_expires)},
                            {"user", user_json(session.user)},
                            {"organization", json::object{{"id", session.organization.id.str()},
                                                          {"name", session.organization.name}}}};
  return reply;
}

Answer register_owner(Request& in) {
  auth::NewOwner owner;
  owner.organization = text_in(in.body, "organization").value_or("");
  owner.name = text_in(in.body, "name").value_or("");
  owner.email = text_in(in.body, "email").value_or("");
  owner.password = text_in(in.body, "password").value_or("");
  if (owner.organization.empty()) owner.organization = owner.name + "'s organization";
  auto registering =
      in.services.parts.auth.sessions->register_owner(in.ctx, std::move(owner), in.client());
  auto session = co_await std::move(registering);
  if (!session && session.error().code == Errc::forbidden)
    co_return refuse(403, "registration_closed", failure_of(session.error()).message);
  if (!session) co_return refuse(session.error());
  co_return signed_in(*session);
}

Answer login(Request& in) {
  auth::Credentials credentials{text_in(in.body, "email").value_or(""),
                                text_in(in.body, "password").value_or("")};
  auto trying =
      in.services.parts.auth.sessions->sign_in(in.ctx, std::move(credentials), in.client());
  auto outcome = co_await std::move(trying);
  if (!outcome && outcome.error().code == Errc::unauthenticated)
    co_return refuse(401, "wrong_credentials", failure_of(outcome.error()).message);
  if (!outcome) co_return refuse(outcome.error());
  if (auto* later = std::get_if<auth::TryLater>(&*outcome)) co_return locked(*later);
  co_return signed_in(std::get<auth::SignedIn>(*outcome));
}

Answer refresh(Request& in) {
  auto token = text_in(in.body, "refreshToken").value_or("");
  return reply(in.services.parts.auth.sessions->refresh(in.ctx, std::move(token), in.client()),
               [](const auth::SignedIn& session) { return signed_in(session); });
}

Answer logout(Request& in) {
  auto reach = flag_in(in.body, "everywhere").value_or(false) ? auth::Sessions::Reach::every_session
                                                              : auth::Sessions::Reach::this_session;
  return reply(in.services.parts.auth.sessions->sign_out(in.ctx, in.who, reach),
               []() -> Outcome { return Reply{.data = json::object{{"signedOut", true}}}; });
}

}  // namespace

void add_auth_routes(RouteTable& table) {
  table.define("SignedIn",
               object({required("accessToken", secret(1, max_token_bytes)),
                       required("tokenType", choice({"Bearer"})),
                       required("expiresIn", integer(1, 86400).about("Seconds.")),
                       required("refreshToken", secret(1, max_token_bytes)),
                       required("refreshExpiresAt", date_time()), required("user", ref("User")),
                       required("organization", object({required("id", id("org")),
                                                        required("name", text(0, 200))}))}));
  table.add(
      {.method = net::Method::post,
       .path = "/auth/register",
       .group = "auth",
       .name = "register",
       .summary = "The first user makes the organization and owns it; later users are made "
                  "by an administrator.",
       .access = Access::anyone,
       .body = BodyKind::json,
       .request = object({optional("organization", line(1, 120)), required("name", line(1, 120)),
                          required("email", email()), required("password", secret(8, 256))}),
       .response = ref("SignedIn"),
       .status = 201,
       .handler = register_owner});
  table.add(
      {.method = net::Method::post,
       .path = "/auth/login",
       .group = "auth",
       .name = "login",
       .summary = "Sign in with email and password. 429 with Retry-After after repeated "
                  "failures.",
       .access = Access::anyone,
       .body = BodyKind::json,
       .request = object({required("email", text(1, 254)), required("password", secret(1, 256))}),
       .response = ref("SignedIn"),
       .handler = login});
  table.add({.method = net::Method::post,
             .path = "/auth/refresh",
             .group = "auth",
             .name = "refresh",
             .summary = "New tokens for a refresh token, which is used up. A used one that comes "
                        "again ends the session.",
             .access = Access::anyone,
             .body = BodyKind::json,
             .request = object({required("refreshToken", secret(1, max_token_bytes))}),
             .response = ref("SignedIn"),
             .handler = refresh});
  table.add({.method = net::Method::post,
             .path = "/auth/logout",
             .group = "auth",
             .name = "logout",
             .summary = "End this session, or with everywhere all of one's own.",
             .access = Access::signed_in,
             .body = BodyKind::json,
             .request = object({optional("everywhere", flag())}),
             .response = object({required("signedOut", flag())}),
             .handler = logout});
}

}  // namespace parley::api
