#include "access_token.hpp"

#include <gtest/gtest.h>

#include "parley/auth/permissions.hpp"
#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::auth {
namespace {

class AccessTokenTest : public ::testing::Test {
 protected:
  static AccessClaims claims() {
    AccessClaims c;
    c.user = UserId("user_1");
    c.organization = OrganizationId("org_1");
    c.role = Role::operator_;
    c.session = SessionId("sess_1");
    c.user_version = 3;
    c.issued = parse_rfc3339("2026-03-02T15:00:00Z").value();
    c.expires = c.issued + 15min;
    return c;
  }
  static std::string part(const std::string& token, std::size_t which) {
    return split(token, '.').at(which);
  }
  static std::string encoded(std::string_view text) { return base64url_encode(as_bytes(text)); }
  static json::object decoded(const std::string& part) {
    auto bytes = base64url_decode(part).value();
    return parse_json(as_text(bytes)).value().as_object();
  }
  std::string why_refused(const std::string& token, Duration later = 0s) {
    auto now = claims().issued + std::chrono::floor<std::chrono::milliseconds>(later);
    auto verified = tokens.verify(token, now);
    if (verified) return "accepted";
    EXPECT_EQ(verified.error().code, Errc::unauthenticated);
    return verified.error().detail;
  }

  SeededRandom random{7};
  AccessTokens tokens{MasterKey::make(random)};
};

TEST_F(AccessTokenTest, SaysWhatWasSigned) {
  auto verified = tokens.verify(tokens.sign(claims()), claims().issued + 14min);
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->user, UserId("user_1"));
  EXPECT_EQ(verified->organization, OrganizationId("org_1"));
  EXPECT_EQ(verified->role, Role::operator_);
  EXPECT_EQ(verified->session, SessionId("sess_1"));
  EXPECT_EQ(verified->user_version, 3);
}

TEST_F(AccessTokenTest, EndsExactlyWhenItExpires) {
  auto token = tokens.sign(claims());
  EXPECT_EQ(why_refused(token, 15min - 1ms), "accepted");
  EXPECT_NE(why_refused(token, 15min).find("expired"), std::string::npos);
}

TEST_F(AccessTokenTest, OneFromTheFutureIsRefusedBeyondTheLeeway) {
  auto token = tokens.sign(claims());
  EXPECT_EQ(why_refused(token, -5s), "accepted");
  EXPECT_NE(why_refused(token, -6s).find("not valid yet"), std::string::npos);
}

TEST_F(AccessTokenTest, AlgNoneIsRefusedWithAndWithoutSignature) {
  auto token = tokens.sign(claims());
  for (std::string alg : {"none", "None", "NONE", ""}) {
    auto header = encoded("{\"alg\":\"" + alg + "\",\"typ\":\"at+jwt\"}");
    EXPECT_NE(why_refused(header + "." + part(token, 1) + "."), "accepted") << alg;
    EXPECT_NE(why_refused(header + "." + part(token, 1) + "." + part(token, 2)), "accepted") << alg;
  }
}

TEST_F(AccessTokenTest, AnotherKeysSignatureIsRefused) {
  AccessTokens others(MasterKey::make(random));
  EXPECT_NE(why_refused(others.sign(claims())), "accepted");
}

TEST_F(AccessTokenTest, AnAlteredPayloadIsRefused) {
  auto token = tokens.sign(claims());
  auto payload = decoded(part(token, 1));
  payload["role"] = "owner";
  auto forged = part(token, 0) + "." + encoded(json::serialize(payload)) + "." + part(token, 2);
  EXPECT_NE(why_refused(forged), "accepted");
}

TEST_F(AccessTokenTest, AnAlteredSignatureIsRefused) {
  auto token = tokens.sign(claims());
  auto altered = token;
  altered[altered.size() - 5] = altered[altered.size() - 5] == 'A' ? 'B' : 'A';
  EXPECT_NE(why_refused(altered), "accepted");
  EXPECT_NE(why_refused(token.substr(0, token.size() - 1)), "accepted");
  EXPECT_NE(why_refused(token + "A"), "accepted");
}

TEST_F(AccessTokenTest, WhatIsNoTokenIsRefused) {
  for (std::string text : {"", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d"})
    EXPECT_NE(why_refused(text), "accepted") << text;
  EXPECT_NE(why_refused(std::string(100'000, 'a')), "accepted");
}

TEST(PermissionTable, KnowsWhoMayWhat) {
  EXPECT_TRUE(role_may(Role::viewer, "appointments:read"));
  EXPECT_FALSE(role_may(Role::viewer, "appointments:write"));
  EXPECT_TRUE(role_may(Role::closer, "appointments:write"));
  EXPECT_FALSE(role_may(Role::closer, "businesses:write"));
  EXPECT_FALSE(role_may(Role::operator_, "users:write"));
  EXPECT_TRUE(role_may(Role::admin, "users:write"));
  EXPECT_FALSE(role_may(Role::owner, "no_such:thing"));
  for (auto permission : permissions()) EXPECT_TRUE(role_may(Role::owner, permission));
}

TEST(PermissionTable, ScopesOnlyTakeAway) {
  Identity key;
  key.principal = {Principal::Kind::api_key, "key_1", Role::viewer};
  key.scopes = {"appointments:read", "appointments:write"};
  EXPECT_TRUE(key.may("appointments:read"));
  EXPECT_FALSE(key.may("appointments:write")) << "the role does not have it";
  EXPECT_FALSE(key.may("businesses:read")) << "not in scope";
}

}  // namespace
}  // namespace parley::auth
