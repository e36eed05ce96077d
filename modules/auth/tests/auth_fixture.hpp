#pragma once
#include "parley/auth/auth.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::auth {

/// An organization with its first owner, and short words for what tests do all the time.
class AuthDbTest : public testkit::DatabaseTest {
 public:
  static constexpr auto password = "correct horse";

  void SetUp() override {
    DatabaseTest::SetUp();
    auth = open();
    NewOwner owner{"Smile Dental", "Olga Owner", "Owner@Demo.Example", password};
    auto first = run([&] { return auth.sessions->register_owner(Context{}, owner, client); });
    ASSERT_TRUE(first) << first.error().detail;
    first_owner = *first;
    ctx = as(first->user);
  }
  Auth open() {
    AuthOptions options;
    options.password_passes = 1;
    options.password_memory_bytes = 64 << 10;
    return make_auth(db(), clock, random, pool, master, options);
  }
  Context as(const User& user) {
    Context context;
    context.organization = user.organization;
    context.principal = {Principal::Kind::user, user.id.str(), user.role};
    return context;
  }
  Result<std::variant<SignedIn, TryLater>> sign_in(std::string email, std::string with,
                                                   std::string ip = "198.51.100.7") {
    Credentials credentials{std::move(email), std::move(with)};
    ClientTrace from{std::move(ip), "test"};
    return run([&] { return auth.sessions->sign_in(Context{}, credentials, from); });
  }
  SignedIn signed_in(std::string email, std::string with = password) {
    auto outcome = sign_in(std::move(email), std::move(with));
    if (!outcome) throw std::runtime_error(outcome.error().detail);
    return std::get<SignedIn>(*outcome);
  }
  Result<SignedIn> refresh(std::string token) {
    return run([&] { return auth.sessions->refresh(Context{}, token, client); });
  }
  Result<Identity> authenticate(std::string bearer) {
    return run([&] { return auth.sessions->authenticate(Context{}, bearer); });
  }
  Result<User> add_user(Context by, std::string email, Role role) {
    NewUser request{std::move(email), "Someone", role, password};
    return run([&] { return auth.users->create(by, request); });
  }
  Result<User> update(Context by, UserId id, UserChange change, std::int64_t version = 0) {
    return run([&] { return auth.users->update(by, id, change, version); });
  }
  Result<void> remove(Context by, UserId id) {
    return run([&] { return auth.users->remove(by, id, 0); });
  }
  std::vector<std::string> event_types() {
    auto events = read([&](store::Tx& tx) {
      return store::read_events(tx, {ctx.organization, "", {}}, {}, 1000);
    });
    std::vector<std::string> types;
    for (auto& event : events.value()) types.push_back(event.type);
    return types;
  }

  WorkerPool pool{{.name = "passwords", .threads = 2}};
  MasterKey master = MasterKey::make(random);
  Auth auth;
  ClientTrace client{"198.51.100.7", "test"};
  SignedIn first_owner;
};

}  // namespace parley::auth
