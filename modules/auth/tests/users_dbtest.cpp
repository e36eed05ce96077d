#include "auth_fixture.hpp"

namespace parley::auth {
namespace {

class UsersDbTest : public AuthDbTest {
 protected:
  Result<MadeApiKey> make_key(const Identity& maker, NewApiKey request) {
    Context by;
    by.organization = maker.organization;
    by.principal = maker.principal;
    return run([&] { return auth.api_keys->create(by, maker, request); });
  }
  Identity owner() { return authenticate(first_owner.access_token).value(); }
};
PARLEY_ON_BOTH_DATABASES(UsersDbTest);

TEST_P(UsersDbTest, UsersAreMadeFoundAndListed) {
  auto made = add_user(ctx, "Anna@Demo.example", Role::operator_);
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->email, "anna@demo.example");
  EXPECT_EQ(made->organization, ctx.organization);
  auto found = run([&] { return auth.users->get(ctx, made->id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role, Role::operator_);
  auto list = run([&] { return auth.users->list(ctx, {1, 1}); });
  ASSERT_TRUE(list);
  EXPECT_EQ(list->total, 2);
  EXPECT_EQ(list->items.size(), 1u);
  EXPECT_EQ(event_types().back(), "user.created");
}

TEST_P(UsersDbTest, AnEmailIsTakenOnce) {
  ASSERT_TRUE(add_user(ctx, "anna@demo.example", Role::viewer));
  EXPECT_EQ(add_user(ctx, "ANNA@demo.example", Role::viewer).error().code, Errc::conflict);
}

TEST_P(UsersDbTest, AnotherOrganizationSeesNothing) {
  Context other = ctx;
  other.organization = OrganizationId("org_other");
  auto id = first_owner.user.id;
  EXPECT_EQ(run([&] { return auth.users->get(other, id); }).error().code, Errc::not_found);
  EXPECT_EQ(update(other, id, {.name = "Mallory"}).error().code, Errc::not_found);
  EXPECT_EQ(remove(other, id).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return auth.users->list(other, {}); })->total, 0);
  auto key = make_key(owner(), {.name = "key"});
  ASSERT_TRUE(key);
  EXPECT_EQ(run([&] { return auth.api_keys->list(other); })->size(), 0u);
  EXPECT_EQ(run([&] { return auth.api_keys->remove(other, key->key.id); }).error().code,
            Errc::not_found);
}

TEST_P(UsersDbTest, NobodyReachesAboveThemselves) {
  auto admin = add_user(ctx, "admin@demo.example", Role::admin);
  ASSERT_TRUE(admin);
  auto as_admin = as(*admin);
  EXPECT_EQ(add_user(as_admin, "new@demo.example", Role::owner).error().code, Errc::forbidden);
  EXPECT_EQ(update(as_admin, admin->id, {.role = Role::owner}).error().code, Errc::forbidden);
  EXPECT_EQ(update(as_admin, first_owner.user.id, {.name = "x"}).error().code, Errc::forbidden);
  EXPECT_EQ(remove(as_admin, first_owner.user.id).error().code, Errc::forbidden);
  EXPECT_TRUE(add_user(as_admin, "new@demo.example", Role::admin));
}

TEST_P(UsersDbTest, TheLastOwnerStays) {
  auto id = first_owner.user.id;
  EXPECT_EQ(remove(ctx, id).error().code, Errc::conflict);
  EXPECT_EQ(update(ctx, id, {.role = Role::admin}).error().code, Errc::conflict);
  EXPECT_EQ(update(ctx, id, {.status = UserStatus::disabled}).error().code, Errc::conflict);
  auto second = add_user(ctx, "second@demo.example", Role::owner);
  ASSERT_TRUE(second);
  ASSERT_TRUE(update(ctx, second->id, {.status = UserStatus::disabled}));
  EXPECT_EQ(remove(ctx, id).error().code, Errc::conflict) << "a disabled owner is none";
  ASSERT_TRUE(update(ctx, second->id, {.status = UserStatus::active}));
  EXPECT_TRUE(remove(ctx, id));
  EXPECT_EQ(authenticate(first_owner.access_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(refresh(first_owner.refresh_token).error().code, Errc::unauthenticated);
}

TEST_P(UsersDbTest, AStaleVersionIsAConflict) {
  auto id = first_owner.user.id;
  auto changed = update(ctx, id, {.name = "Olga O."}, 1);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(update(ctx, id, {.name = "Late"}, 1).error().code, Errc::conflict);
}

TEST_P(UsersDbTest, ANewRoleVoidsAccessTokensAndTheNextHasIt) {
  auto user = add_user(ctx, "anna@demo.example", Role::admin);
  ASSERT_TRUE(user);
  auto session = signed_in("anna@demo.example");
  ASSERT_TRUE(update(ctx, user->id, {.role = Role::viewer}));
  EXPECT_EQ(authenticate(session.access_token).error().code, Errc::unauthenticated);
  auto next = refresh(session.refresh_token);
  ASSERT_TRUE(next) << next.error().detail;
  auto identity = authenticate(next->access_token);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->principal.role, Role::viewer);
}

TEST_P(UsersDbTest, ADisabledUserIsOutAndComesBack) {
  auto user = add_user(ctx, "anna@demo.example", Role::viewer);
  auto session = signed_in("anna@demo.example");
  ASSERT_TRUE(update(ctx, user->id, {.status = UserStatus::disabled}));
  EXPECT_EQ(authenticate(session.access_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(refresh(session.refresh_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(sign_in("anna@demo.example", password).error().code, Errc::unauthenticated);
  ASSERT_TRUE(update(ctx, user->id, {.status = UserStatus::active}));
  EXPECT_TRUE(authenticate(signed_in("anna@demo.example").access_token));
}

TEST_P(UsersDbTest, OnesOwnPasswordNeedsTheOldOneAndEndsOtherSessions) {
  auto id = first_owner.user.id;
  auto other = signed_in("owner@demo.example");
  auto change = [&](std::string current, std::string next) {
    return run([&] {
      return auth.users->change_password(ctx, id, first_owner.session, current, next, client);
    });
  };
  EXPECT_EQ(change("wrong", "a new password").error().code, Errc::unauthenticated);
  EXPECT_EQ(change(password, "short").error().code, Errc::invalid);
  auto changed = change(password, "a new password");
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_TRUE(std::holds_alternative<User>(*changed));
  EXPECT_TRUE(authenticate(first_owner.access_token)) << "the session that did it goes on";
  EXPECT_EQ(authenticate(other.access_token).error().code, Errc::unauthenticated);
  EXPECT_EQ(sign_in("owner@demo.example", password).error().code, Errc::unauthenticated);
  signed_in("owner@demo.example", "a new password");
}

TEST_P(UsersDbTest, GuessingTheOldPasswordIsLimited) {
  auto id = first_owner.user.id;
  auto guess = [&] {
    return run([&] {
      return auth.users->change_password(ctx, id, first_owner.session, "guess", "a new password",
                                         client);
    });
  };
  for (int i = 0; i < 5; ++i) ASSERT_FALSE(guess());
  auto locked = guess();
  ASSERT_TRUE(locked);
  EXPECT_TRUE(std::holds_alternative<TryLater>(*locked));
}

TEST_P(UsersDbTest, ApiKeysWorkUntilTheyExpireOrAreRemoved) {
  auto maker = owner();
  auto made = make_key(maker, {.name = "CRM", .expires = clock.wall() + 24h});
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(made->secret.starts_with("pk_"));
  EXPECT_TRUE(made->secret.starts_with(made->key.shown_prefix));
  auto identity = authenticate(made->secret);
  ASSERT_TRUE(identity) << identity.error().detail;
  EXPECT_EQ(identity->principal.kind, Principal::Kind::api_key);
  EXPECT_EQ(identity->organization, ctx.organization);
  auto listed = run([&] { return auth.api_keys->list(ctx); });
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->front().last_used, clock.wall());
  clock.advance(24h);
  EXPECT_EQ(authenticate(made->secret).error().code, Errc::unauthenticated);

  auto second = make_key(maker, {.name = "CRM"});
  ASSERT_TRUE(authenticate(second->secret));
  ASSERT_TRUE(run([&] { return auth.api_keys->remove(ctx, second->key.id); }));
  EXPECT_EQ(authenticate(second->secret).error().code, Errc::unauthenticated);
  EXPECT_EQ(authenticate("pk_nothing").error().code, Errc::unauthenticated);
  EXPECT_EQ(event_types().back(), "api_key.removed");
}

TEST_P(UsersDbTest, AKeyNeverMayMoreThanItsMaker) {
  EXPECT_EQ(make_key(owner(), {.name = "k", .scopes = {"no:thing"}}).error().code, Errc::invalid);
  EXPECT_EQ(make_key(owner(), {.name = "k", .expires = clock.wall()}).error().code, Errc::invalid);
  auto limited = make_key(
      owner(), {.name = "k", .role = Role::admin, .scopes = {"api_keys:write", "calls:read"}});
  ASSERT_TRUE(limited) << limited.error().detail;
  auto maker = authenticate(limited->secret).value();
  EXPECT_TRUE(maker.may("calls:read"));
  EXPECT_FALSE(maker.may("users:write"));
  EXPECT_EQ(
      make_key(maker, {.name = "k", .role = Role::owner, .scopes = {"calls:read"}}).error().code,
      Errc::forbidden);
  EXPECT_EQ(make_key(maker, {.name = "k", .scopes = {"users:write"}}).error().code,
            Errc::forbidden);
  EXPECT_EQ(make_key(maker, {.name = "k"}).error().code, Errc::forbidden);
  EXPECT_TRUE(make_key(maker, {.name = "k", .scopes = {"calls:read"}}));
}

TEST_P(UsersDbTest, ThereIsABoundOnApiKeys) {
  for (int i = 0; i < ApiKeys::max_keys; ++i) ASSERT_TRUE(make_key(owner(), {.name = "k"}));
  EXPECT_EQ(make_key(owner(), {.name = "k"}).error().code, Errc::conflict);
}

}  // namespace
}  // namespace parley::auth
