// The database is away: what was read before is read again and says how old it is, what changes
// something is refused at once, and everything works by itself when it is back.
#include <gmock/gmock.h>

#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

using ::testing::HasSubstr;

class DatabaseAwayDbTest : public ApiTest {};
PARLEY_ON_BOTH_DATABASES(DatabaseAwayDbTest);

TEST_P(DatabaseAwayDbTest, WhatWasReadIsReadAgainAndMarked) {
  auto path = "/businesses?limit=10";
  auto before = get(path, owner());
  ASSERT_EQ(before.status, 200);
  EXPECT_FALSE(before.has("Age"));
  auto as_of = clock.wall();
  database().go_away();
  clock.advance(90s);
  auto cached = get(path, owner());
  ASSERT_EQ(cached.status, 200) << cached.body;
  EXPECT_EQ(cached.body, before.body);
  EXPECT_EQ(cached.header("ETag"), before.header("ETag"));
  EXPECT_THAT(cached.header("X-Parley-Degraded"), HasSubstr("database"));
  EXPECT_EQ(cached.header("X-Parley-Degraded-Since"), to_rfc3339(*database().away_since()));
  EXPECT_EQ(parse_rfc3339(cached.header("X-Parley-As-Of")).value() - as_of <= 1s, true);
  EXPECT_GE(std::stoi(cached.header("Age")), 89);
  EXPECT_THAT(cached.header("Warning"), HasSubstr("111"));
  database().come_back();
  auto fresh = get(path, owner());
  EXPECT_EQ(fresh.status, 200);
  EXPECT_FALSE(fresh.has("Age"));
  EXPECT_FALSE(fresh.has("X-Parley-Degraded")) << fresh.header("X-Parley-Degraded");
}

TEST_P(DatabaseAwayDbTest, TheNodeStaysReadyForCalls) {
  EXPECT_EQ(get("/health/ready", "").data().at("status").as_string(), "healthy");
  database().go_away();
  auto ready = get("/health/ready", "");
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_EQ(ready.data().at("status").as_string(), "degraded");
  EXPECT_EQ(ready.data().at("checks").at(0).at("name").as_string(), "database");
  EXPECT_EQ(ready.data().at("checks").at(0).at("status").as_string(), "unhealthy");
  EXPECT_EQ(get("/health", "").code(), "unhealthy") << "the whole is not";
  voice_away = true;
  auto silent = get("/health/ready", "");
  EXPECT_EQ(silent.status, 503) << "no call can be taken";
  EXPECT_EQ(silent.code(), "unhealthy");
  EXPECT_TRUE(silent.has("Retry-After"));
  voice_away = false;
  database().come_back();
  EXPECT_EQ(get("/health/ready", "").data().at("status").as_string(), "healthy");
}

TEST_P(DatabaseAwayDbTest, NobodyReadsWhatAnotherOneRead) {
  auto path = "/businesses/" + business;
  ASSERT_EQ(get(path, owner()).status, 200);
  auto profile = get("/users/profile", owner());
  ASSERT_EQ(profile.status, 200);
  database().go_away();
  EXPECT_EQ(get(path, other_owner).status, 503) << "another organization's";
  EXPECT_EQ(get(path, token_of(Role::viewer)).status, 503) << "another person's";
  EXPECT_EQ(get("/users/profile", token_of(Role::viewer)).status, 503);
  EXPECT_EQ(get(path, "").status, 401);
  EXPECT_EQ(get(path, owner()).status, 200);
}

TEST_P(DatabaseAwayDbTest, WhatWasNeverReadAndWhatChangesIsRefusedWithRetryAfter) {
  database().go_away();
  auto never = get("/appointments?limit=7", owner());
  EXPECT_EQ(never.status, 503);
  EXPECT_EQ(never.code(), "unavailable");
  EXPECT_TRUE(never.has("Retry-After"));
  EXPECT_THAT(never.header("X-Parley-Degraded"), HasSubstr("database"));
  auto made =
      send("POST", "/businesses", owner(), {{"name", "Refused"}}, {{"Idempotency-Key", "one"}});
  EXPECT_EQ(made.status, 503);
  EXPECT_TRUE(made.has("Retry-After"));
  auto signing_in =
      send("POST", "/auth/login", "", {{"email", "owner@demo.example"}, {"password", password}});
  EXPECT_EQ(signing_in.status, 503);
  EXPECT_TRUE(signing_in.has("Retry-After"));
  database().come_back();
  EXPECT_EQ(get("/appointments?limit=7", owner()).status, 200);
  made = send("POST", "/businesses", owner(), {{"name", "Made"}}, {{"Idempotency-Key", "two"}});
  EXPECT_EQ(made.status, 201) << made.body;
}

TEST_P(DatabaseAwayDbTest, AKeyThatWasGoodLatelyReads) {
  auto path = "/businesses?limit=10";
  auto made = send("POST", "/api-keys", owner(), {{"name", "reader"}, {"role", "viewer"}});
  ASSERT_EQ(made.status, 201) << made.body;
  auto secret = std::string(made.data().at("key").as_string());
  auto unused = send("POST", "/api-keys", owner(), {{"name", "unused"}, {"role", "viewer"}});
  ASSERT_EQ(unused.status, 201) << unused.body;
  auto other = std::string(unused.data().at("key").as_string());
  ASSERT_EQ(get(path, secret).status, 200);
  database().go_away();
  EXPECT_EQ(get(path, secret).status, 200);
  EXPECT_EQ(get(path, other).status, 503) << "it was never looked at";
  clock.advance(16min);
  EXPECT_EQ(get(path, secret).status, 503) << "too long ago";
  database().come_back();
  EXPECT_EQ(get(path, secret).status, 200);
  auto id = std::string(made.data().at("id").as_string());
  ASSERT_EQ(send("DELETE", "/api-keys/" + id, sign_in("owner@demo.example"), nullptr).status, 200);
  database().go_away();
  EXPECT_EQ(get(path, secret).status, 503) << "it was removed";
}

}  // namespace
}  // namespace parley::api::testing
