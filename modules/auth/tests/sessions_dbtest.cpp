#include <boost/asio/experimental/awaitable_operators.hpp>

#include "auth_fixture.hpp"

namespace parley::auth {
namespace {

using ::testing::Test;

class SessionsDbTest : public AuthDbTest {};
PARLEY_ON_BOTH_DATABASES(SessionsDbTest);

TEST_P(SessionsDbTest, TheFirstUserOwnsTheOrganization) {
  EXPECT_EQ(first_owner.user.role, Role::owner);
  EXPECT_EQ(first_owner.user.email, "owner@demo.example");
  EXPECT_EQ(first_owner.organization.name, "Smile Dental");
  auto identity = authenticate(first_owner.access_token);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->organization, first_owner.organization.id);
  EXPECT_EQ(identity->principal.id, first_owner.user.id.str());
  EXPECT_TRUE(identity->may("users:write"));
  EXPECT_EQ(event_types(), (std::vector<std::string>{"organization.created", "user.created"}));
}

TEST_P(SessionsDbTest, ASecondRegistrationIsRefused) {
  NewOwner other{"Mine", "Mallory", "mallory@example.com", password};
  auto second = run([&] { return auth.sessions->register_owner(Context{}, other, client); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::forbidden);
}

TEST_P(SessionsDbTest, SigningInIgnoresTheEmailsCase) {
  auto session = signed_in(" OWNER@demo.EXAMPLE ");
  EXPECT_EQ(session.user.id, first_owner.user.id);
  EXPECT_EQ(event_types().back(), "user.signed_in");
  auto user = run([&] { return auth.users->get(ctx, session.user.id); });
  ASSERT_TRUE(user);
  EXPECT_EQ(user->last_sign_in, clock.wall());
}

TEST_P(SessionsDbTest, AWrongPasswordAndAnUnknownEmailLookTheSame) {
  auto wrong = sign_in("owner@demo.example", "wrong password");
  auto unknown = sign_in("nobody@demo.example", "wrong password");
  ASSERT_FALSE(wrong);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(wrong.error().code, Errc::unauthenticated);
  EXPECT_EQ(wrong.error(), unknown.error());
}

TEST_P(SessionsDbTest, OddCredentialsAreJustWrong) {
  for (std::string email : {"", "no-at", "a@b@c", "x@demo.example\r\n", "\xff@demo.example"})
    EXPECT_EQ(sign_in(email, password).error().code, Errc::unauthenticated) << email;
  EXPECT_EQ(sign_in("owner@demo.example", std::string("a\0b", 3)).error().code,
            Errc::unauthenticated);
  EXPECT_EQ(sign_in("owner@demo.example", std::string(10'000, 'x')).error().code,
            Errc::unauthenticated);
}

TEST_P(SessionsDbTest, AnAccountIsLockedForGrowingTimes) {
  for (int i = 0; i < 5; ++i)
    ASSERT_FALSE(sign_in("owner@demo.example", "wrong", "10.0.0." + std::to_string(i)));
  auto locked = sign_in("owner@demo.example", password, "10.0.1.1");
  ASSERT_TRUE(locked) << locked.error().detail;
  ASSERT_TRUE(std::holds_alternative<TryLater>(*locked)) << "the right password too";
  EXPECT_EQ(std::get<TryLater>(*locked).after, 30s);
  auto types = event_types();
  EXPECT_EQ(std::ranges::count(types, "user.locked"), 1);

  clock.advance(31s);
  ASSERT_FALSE(sign_in("owner@demo.example", "wrong", "10.0.1.2"));
  locked = sign_in("owner@demo.example", "wrong", "10.0.1.3");
  EXPECT_EQ(std::get<TryLater>(locked.value()).after, 60s);
  clock.advance(61s);
  EXPECT_EQ(signed_in("owner@demo.example").user.id, first_owner.user.id);
  ASSERT_FALSE(sign_in("owner@demo.example", "wrong", "10.0.1.4")) << "success cleared the count";
}

TEST_P(SessionsDbTest, AnAddressThatTriesManyAccountsIsLocked) {
  for (int i = 0; i < 20; ++i)
    ASSERT_FALSE(sign_in("user" + std::to_string(i) + "@example.com", "wrong", "203.0.113.9"));
  auto locked = sign_in("owner@demo.example", password, "203.0.113.9");
  ASSERT_TRUE(std::holds_alternative<TryLater>(locked.value()));
  auto elsewhere = sign_in("owner@demo.example", password, "203.0.113.10");
  EXPECT_TRUE(std::holds_alternative<SignedIn>(elsewhere.value()));
}

TEST_P(SessionsDbTest, ManyGuessesAtOnceGetNoMoreChecksThanOneByOne) {
  int checked = 0;
  int locked = 0;
  int ended = 0;
  constexpr int guesses = 40;
  auto guess = [](SessionsDbTest& test, int i, int& checked_, int& locked_,
                  int& ended_) -> asio::awaitable<void> {
    Credentials credentials{"owner@demo.example", "guess " + std::to_string(i)};
    ClientTrace from{"10.1.0." + std::to_string(i), "test"};
    auto trying = test.auth.sessions->sign_in(Context{}, credentials, from);
    auto outcome = co_await std::move(trying);
    if (!outcome && outcome.error().code == Errc::unauthenticated) ++checked_;
    if (outcome && std::holds_alternative<TryLater>(*outcome)) ++locked_;
    ++ended_;
  };
  for (int i = 0; i < guesses; ++i)
    asio::co_spawn(io, guess(*this, i, checked, locked, ended), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  io.restart();
  while (ended < guesses) ASSERT_GT(io.run_one_for(30s), 0u);
  EXPECT_EQ(checked, 5);
  EXPECT_EQ(locked, guesses - 5);
}

TEST_P(SessionsDbTest, RefreshingRotatesTheToken) {
  auto next = refresh(first_owner.refresh_token);
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_NE(next->refresh_token, first_owner.refresh_token);
  EXPECT_EQ(next->session, first_owner.session);
  EXPECT_TRUE(authenticate(next->access_token));
  EXPECT_TRUE(refresh(next->refresh_token));
}

TEST_P(SessionsDbTest, AReusedRefreshTokenEndsTheWholeSession) {
  auto next = refresh(first_owner.refresh_token);
  ASSERT_TRUE(next);
  auto other_session = signed_in("owner@demo.example");
  auto reused = refresh(first_owner.refresh_token);
  ASSERT_FALSE(reused);
  EXPECT_EQ(reused.error().code, Errc::unauthenticated);
  EXPECT_EQ(refresh(next->refresh_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(authenticate(next->access_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(event_types().back(), "session.reuse_detected");
  EXPECT_TRUE(authenticate(other_session.access_token)) << "other sessions go on";
}

TEST_P(SessionsDbTest, RefreshTokensEnd) {
  clock.advance(std::chrono::days(31));
  EXPECT_EQ(refresh(first_owner.refresh_token).error().code, Errc::unauthenticated);
}

TEST_P(SessionsDbTest, WhatIsNoRefreshTokenIsRefused) {
  auto& real = first_owner.refresh_token;
  for (std::string token :
       {std::string(), std::string("rt_"), std::string("rt_x.y"), real.substr(0, real.size() - 1),
        real + "x", std::string("rt_\0.x", 6), std::string(100'000, 'r'), first_owner.access_token})
    EXPECT_EQ(refresh(token).error().code, Errc::unauthenticated);
  EXPECT_TRUE(refresh(real));
}

TEST_P(SessionsDbTest, SigningOutEndsTheSessionAtOnce) {
  auto other = signed_in("owner@demo.example");
  auto identity = authenticate(first_owner.access_token).value();
  auto out = [&](Sessions::Reach reach) {
    return run([&] { return auth.sessions->sign_out(ctx, identity, reach); });
  };
  ASSERT_TRUE(out(Sessions::Reach::this_session));
  EXPECT_EQ(authenticate(first_owner.access_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(refresh(first_owner.refresh_token).error().code, Errc::unauthenticated);
  EXPECT_TRUE(authenticate(other.access_token));
  ASSERT_TRUE(out(Sessions::Reach::this_session)) << "twice is fine";
  ASSERT_TRUE(out(Sessions::Reach::every_session));
  EXPECT_EQ(authenticate(other.access_token).error().code, Errc::unauthenticated);
}

TEST_P(SessionsDbTest, AccessTokensExpireAndOutliveARestart) {
  auto restarted = open();
  auto check = [&] {
    return restarted.sessions->authenticate(Context{}, first_owner.access_token);
  };
  EXPECT_TRUE(run(check));
  clock.advance(15min);
  EXPECT_EQ(run(check).error().code, Errc::unauthenticated);
}

TEST_P(SessionsDbTest, OldHashesAreRenewedWhenTheirOwnerSignsIn) {
  auto hash_in_store = [&] {
    return read([&](store::Tx& tx) {
             return tx.one("SELECT password_hash FROM users WHERE id = ?1", {first_owner.user.id});
           })
        ->text("password_hash");
  };
  EXPECT_NE(hash_in_store().find("$argon2id$v=19$m=64,t=1,p=1$"), std::string::npos);
  AuthOptions stronger;
  stronger.password_passes = 2;
  stronger.password_memory_bytes = 128 << 10;
  auth = make_auth(db(), clock, random, pool, master, stronger);
  signed_in("owner@demo.example");
  EXPECT_NE(hash_in_store().find("$argon2id$v=19$m=128,t=2,p=1$"), std::string::npos);
  signed_in("owner@demo.example");
}

TEST_P(SessionsDbTest, NothingUsableIsStored) {
  auto stored = read([](store::Tx& tx) -> Result<std::string> {
    std::string all;
    for (auto table :
         {"users", "auth_sessions", "auth_refresh_tokens", "auth_attempts", "events"}) {
      auto rows = tx.query("SELECT * FROM " + std::string(table));
      if (!rows) return std::unexpected(rows.error());
      for (auto& row : *rows)
        for (auto column : {"password_hash", "token_hash", "data", "key"}) {
          try {
            all += row.text(column) + "\n";
          } catch (const std::logic_error&) {
          }
        }
    }
    return all;
  });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->find(password), std::string::npos);
  EXPECT_EQ(stored->find(first_owner.refresh_token), std::string::npos);
  EXPECT_EQ(stored->find("owner@demo.example"), std::string::npos) << "counters and events";
}

TEST_P(SessionsDbTest, SweepingKeepsWhatRuns) {
  auto swept = [&] { return run([&] { return auth.sessions->sweep(Context{}); }); };
  ASSERT_TRUE(swept());
  auto next = refresh(first_owner.refresh_token);
  ASSERT_TRUE(next);
  clock.advance(std::chrono::days(200));
  ASSERT_TRUE(swept());
  auto left = read([](store::Tx& tx) {
    return tx.one(
        "SELECT (SELECT COUNT(*) FROM auth_sessions) + (SELECT COUNT(*) FROM auth_refresh_tokens) "
        "AS many");
  });
  EXPECT_EQ(left->integer("many"), 0);
}

TEST_P(SessionsDbTest, ThereIsABoundOnSessions) {
  for (int i = 0; i < 55; ++i) {
    clock.advance(1ms);
    signed_in("owner@demo.example");
  }
  auto left =
      read([](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS many FROM auth_sessions"); });
  EXPECT_EQ(left->integer("many"), 50);
  EXPECT_EQ(refresh(first_owner.refresh_token).error().code, Errc::unauthenticated);
}

TEST_P(SessionsDbTest, EnsureOwnerFindsTheOneThatIsThere) {
  NewOwner same{"Other name", "Olga", "owner@demo.example", "another password"};
  auto ensure = [&](Sessions::WhenThere when) {
    return run([&] { return auth.sessions->ensure_owner(Context{}, same, when); });
  };
  auto kept = ensure(Sessions::WhenThere::keep_password);
  ASSERT_TRUE(kept) << kept.error().detail;
  EXPECT_FALSE(kept->created);
  EXPECT_EQ(kept->user.id, first_owner.user.id);
  signed_in("owner@demo.example", password);
  ASSERT_TRUE(ensure(Sessions::WhenThere::set_password));
  signed_in("owner@demo.example", "another password");
  same.email = "stranger@demo.example";
  EXPECT_EQ(ensure(Sessions::WhenThere::keep_password).error().code, Errc::conflict);
}

class EmptyDbTest : public AuthDbTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auth = open();
  }
};
PARLEY_ON_BOTH_DATABASES(EmptyDbTest);

TEST_P(EmptyDbTest, EnsureOwnerMakesTheFirst) {
  NewOwner owner{"Smile Dental", "Olga", "owner@demo.example", password};
  auto made = run([&] {
    return auth.sessions->ensure_owner(Context{}, owner, Sessions::WhenThere::keep_password);
  });
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(made->created);
  EXPECT_EQ(signed_in("owner@demo.example").user.id, made->user.id);
}

TEST_P(EmptyDbTest, OfTwoWhoRegisterAtOnceOneIsFirst) {
  int made = 0;
  int refused = 0;
  auto attempt = [](EmptyDbTest& test, int i, int& made_, int& refused_) -> asio::awaitable<void> {
    NewOwner owner{"Org", "Name", "owner" + std::to_string(i) + "@example.com", password};
    auto registering = test.auth.sessions->register_owner(Context{}, owner, test.client);
    auto outcome = co_await std::move(registering);
    if (outcome) ++made_;
    if (!outcome && outcome.error().code == Errc::forbidden) ++refused_;
  };
  for (int i = 0; i < 4; ++i)
    asio::co_spawn(io, attempt(*this, i, made, refused), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  io.restart();
  while (made + refused < 4) ASSERT_GT(io.run_one_for(30s), 0u);
  EXPECT_EQ(made, 1);
}

TEST_P(EmptyDbTest, PoorRegistrationsAreRefused) {
  auto attempt = [&](std::string email, std::string with) {
    NewOwner owner{"Org", "Name", std::move(email), std::move(with)};
    return run([&] { return auth.sessions->register_owner(Context{}, owner, client); });
  };
  EXPECT_EQ(attempt("owner@example.com", "short").error().code, Errc::invalid);
  EXPECT_EQ(attempt("owner@example.com", std::string(300, 'x')).error().code, Errc::invalid);
  EXPECT_EQ(attempt("owner@example.com", "Owner@Example.com").error().code, Errc::invalid);
  EXPECT_EQ(attempt("not an email", password).error().code, Errc::invalid);
  EXPECT_TRUE(attempt("owner@example.com", password));
}

}  // namespace
}  // namespace parley::auth
