#include <fmt/format.h>

#include "api_fixture.hpp"
#include "parley/base/strings.hpp"

namespace parley::api::testing {
namespace {

class Tokens : public ApiTest {};
INSTANTIATE_TEST_SUITE_P(On, Tokens, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(Tokens, SigningInGivesTokensThatWork) {
  auto answer =
      send("POST", "/auth/login", "", {{"email", "owner@demo.example"}, {"password", password}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  auto data = answer.data();
  EXPECT_EQ(data.at("expiresIn").as_int64(), 900);
  EXPECT_EQ(data.at("organization").at("name").as_string(), "Smile Dental");
  EXPECT_FALSE(data.at("user").as_object().contains("password"));
  auto profile = get("/users/profile", std::string(data.at("accessToken").as_string()));
  EXPECT_EQ(profile.data().at("email").as_string(), "owner@demo.example");
}

TEST_P(Tokens, RegistrationIsClosedOnceThereIsAnOwner) {
  auto answer = send("POST", "/auth/register", "",
                     {{"name", "M"}, {"email", "m@example.com"}, {"password", password}});
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "registration_closed");
}

TEST_P(Tokens, ExpiredForgedAndAlteredOnesAre401) {
  auto token = owner();
  auto parts = split(token, '.');
  auto none = base64url_encode(as_bytes(R"({"alg":"none","typ":"at+jwt"})"));
  auto payload = base64url_decode(parts[1]).value();
  std::string altered(as_text(payload));
  altered.replace(altered.find("owner"), 5, "admin");
  for (auto& forged : {none + "." + parts[1] + ".", none + "." + parts[1] + "." + parts[2],
                       parts[0] + "." + base64url_encode(as_bytes(altered)) + "." + parts[2],
                       parts[0] + "." + parts[1], token + "x"}) {
    auto answer = get("/businesses", forged);
    EXPECT_EQ(answer.status, 401) << forged;
  }
  EXPECT_EQ(get("/businesses", token).status, 200);
  clock.advance(15min);
  auto expired = get("/businesses", token);
  EXPECT_EQ(expired.status, 401);
  EXPECT_NE(expired.body.find("expired"), std::string::npos);
}

TEST_P(Tokens, AReusedRefreshTokenEndsTheSession) {
  auto refresh = [&](std::string token) {
    return send("POST", "/auth/refresh", "", {{"refreshToken", token}});
  };
  auto next = refresh(first.refresh_token);
  ASSERT_EQ(next.status, 200) << next.body;
  auto token = std::string(next.data().at("accessToken").as_string());
  EXPECT_EQ(get("/businesses", token).status, 200);
  EXPECT_EQ(refresh(first.refresh_token).status, 401);
  EXPECT_EQ(get("/businesses", token).status, 401);
  EXPECT_EQ(refresh(std::string(next.data().at("refreshToken").as_string())).status, 401);
}

TEST_P(Tokens, SigningOutEndsBothTokens) {
  EXPECT_EQ(send("POST", "/auth/logout", owner(), nullptr).status, 200);
  EXPECT_EQ(get("/businesses", owner()).status, 401);
  EXPECT_EQ(send("POST", "/auth/refresh", "", {{"refreshToken", first.refresh_token}}).status, 401);
}

TEST_P(Tokens, GuessingIsSlowedDown) {
  auto guess = [&](std::string email) {
    return send("POST", "/auth/login", "", {{"email", email}, {"password", "wrong password"}});
  };
  for (int i = 0; i < 5; ++i) {
    auto answer = guess("viewer@demo.example");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.code(), "wrong_credentials");
  }
  auto locked =
      send("POST", "/auth/login", "", {{"email", "viewer@demo.example"}, {"password", password}});
  EXPECT_EQ(locked.status, 429);
  EXPECT_EQ(locked.code(), "locked_out");
  EXPECT_EQ(locked.header("Retry-After"), "30");
  EXPECT_NE(locked.body.find("30 seconds"), std::string::npos);
  clock.advance(31s);
  EXPECT_EQ(
      send("POST", "/auth/login", "", {{"email", "viewer@demo.example"}, {"password", password}})
          .status,
      200);
}

TEST_P(Tokens, TheLastOwnerStays) {
  auto mine = "/users/" + first.user.id.str();
  EXPECT_EQ(send("DELETE", mine, owner(), nullptr).status, 409);
  EXPECT_EQ(send("PUT", mine, owner(), {{"role", "viewer"}}).status, 409);
}

TEST_P(Tokens, PeopleAreManagedWithinOnesRank) {
  auto admin = token_of(Role::admin);
  auto taken = send(
      "POST", "/users", admin,
      {{"email", "OWNER@demo.example"}, {"name", "x"}, {"role", "viewer"}, {"password", password}});
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.code(), "email_taken");
  auto too_high = send(
      "POST", "/users", admin,
      {{"email", "new@demo.example"}, {"name", "x"}, {"role", "owner"}, {"password", password}});
  EXPECT_EQ(too_high.status, 403);
  EXPECT_EQ(send("DELETE", "/users/" + first.user.id.str(), admin, nullptr).status, 403);
  EXPECT_EQ(send("PUT", "/users/" + user, owner(), {{"status", "disabled"}}).status, 200);
  EXPECT_EQ(get("/businesses", admin).status, 401) << "that was the admin";
}

TEST_P(Tokens, OnesOwnPassword) {
  auto change = [&](json::object body) {
    return send("PUT", "/users/profile", token_of(Role::viewer), std::move(body));
  };
  EXPECT_EQ(change({{"password", "a new password"}}).wrong_fields(),
            (std::vector<std::string>{"currentPassword"}));
  EXPECT_EQ(change({{"password", "a new password"}, {"currentPassword", "wrong"}}).status, 422);
  EXPECT_EQ(change({{"password", "a new password"}, {"currentPassword", password}}).status, 200);
  EXPECT_EQ(send("POST", "/auth/login", "",
                 {{"email", "viewer@demo.example"}, {"password", "a new password"}})
                .status,
            200);
}

TEST_P(Tokens, ApiKeysAreShownOnce) {
  auto made = send("POST", "/api-keys", owner(), {{"name", "CRM"}, {"role", "operator"}});
  ASSERT_EQ(made.status, 201);
  auto secret = std::string(made.data().at("key").as_string());
  EXPECT_EQ(get("/businesses", secret).status, 200);
  EXPECT_EQ(get("/users", secret).status, 403) << "an operator may not";
  EXPECT_EQ(get("/users/profile", secret).status, 403) << "a key is no person";
  auto list = get("/api-keys", owner());
  EXPECT_EQ(list.body.find(secret), std::string::npos);
  auto id = std::string(made.data().at("id").as_string());
  EXPECT_EQ(send("DELETE", "/api-keys/" + id, owner(), nullptr).status, 200);
  EXPECT_EQ(get("/businesses", secret).status, 401);
}

}  // namespace
}  // namespace parley::api::testing
