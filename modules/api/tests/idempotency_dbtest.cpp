#include <latch>

#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

class IdempotencyDbTest : public ApiTest {
 public:
  Answer create(std::string name, std::string key_text, std::string token) {
    return send("POST", "/businesses", std::move(token), {{"name", std::move(name)}},
                {{"Idempotency-Key", std::move(key_text)}});
  }
  std::int64_t businesses() {
    return get("/businesses", owner()).json().at("pagination").at("total").as_int64();
  }
};
PARLEY_ON_BOTH_DATABASES(IdempotencyDbTest);

TEST_P(IdempotencyDbTest, TheSameKeyAndBodyAnswerTheSame) {
  auto before = businesses();
  auto one = create("New", "key-1", owner());
  ASSERT_EQ(one.status, 201);
  EXPECT_FALSE(one.has("Idempotency-Replayed"));
  auto two = create("New", "key-1", owner());
  EXPECT_EQ(two.status, 201);
  EXPECT_EQ(two.body, one.body);
  EXPECT_EQ(two.header("ETag"), one.header("ETag"));
  EXPECT_EQ(two.header("Idempotency-Replayed"), "true");
  EXPECT_EQ(businesses(), before + 1);
  auto unversioned = ask(
      {"POST", "/api/businesses", owner(), R"({"name":"New"})", {{"Idempotency-Key", "key-1"}}});
  EXPECT_EQ(unversioned.body, one.body) << "the same route";
}

TEST_P(IdempotencyDbTest, AnotherBodyOrRouteUnderTheKeyIs422) {
  ASSERT_EQ(create("New", "key-1", owner()).status, 201);
  auto other = create("Different", "key-1", owner());
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "idempotency_key_reused");
  auto elsewhere =
      send("POST", "/api-keys", owner(), {{"name", "New"}}, {{"Idempotency-Key", "key-1"}});
  EXPECT_EQ(elsewhere.status, 422);
}

TEST_P(IdempotencyDbTest, KeysBelongToWhoSentThem) {
  auto one = create("New", "key-1", owner());
  auto theirs = create("New", "key-1", other_owner);
  EXPECT_EQ(theirs.status, 201);
  EXPECT_NE(theirs.body, one.body);
  auto colleague = create("Other", "key-1", token_of(Role::admin));
  EXPECT_EQ(colleague.status, 201);
}

TEST_P(IdempotencyDbTest, RefusalsAreKeptToo) {
  auto body = booking_body("2026-03-01T09:00");
  auto refused = send("POST", "/appointments", owner(), body, {{"Idempotency-Key", "key-1"}});
  EXPECT_EQ(refused.status, 422) << refused.body;
  EXPECT_EQ(refused.code(), "slot_past");
  auto again = send("POST", "/appointments", owner(), body, {{"Idempotency-Key", "key-1"}});
  EXPECT_EQ(again.status, 422);
  EXPECT_EQ(again.body, refused.body);
}

TEST_P(IdempotencyDbTest, OfManyAtOnceOneRuns) {
  auto before = businesses();
  constexpr int many = 8;
  std::vector<Answer> answers(many);
  {
    std::latch ready(many);
    std::vector<std::jthread> threads;
    for (int i = 0; i < many; ++i)
      threads.emplace_back([&, i] {
        ready.arrive_and_wait();
        answers[static_cast<std::size_t>(i)] = create("New", "key-1", owner());
      });
  }
  std::set<std::string> bodies;
  for (auto& answer : answers) {
    if (answer.status == 409) {
      EXPECT_EQ(answer.code(), "idempotency_in_progress");
      EXPECT_TRUE(answer.has("Retry-After"));
      continue;
    }
    EXPECT_EQ(answer.status, 201) << answer.body;
    bodies.insert(answer.body);
  }
  EXPECT_EQ(bodies.size(), 1u);
  EXPECT_EQ(businesses(), before + 1);
}

TEST_P(IdempotencyDbTest, KeysAreForgottenAfterADay) {
  auto one = create("New", "key-1", owner());
  clock.advance(24h);
  tokens[Role::owner] = sign_in("owner@demo.example");
  auto two = create("Different", "key-1", owner());
  EXPECT_EQ(two.status, 201);
  EXPECT_NE(two.body, one.body);
}

TEST_P(IdempotencyDbTest, AnUnfinishedRunIsTakenOverAfterItsLease) {
  ASSERT_EQ(create("New", "key-1", owner()).status, 201);
  ASSERT_TRUE(write(
      [](store::Tx& tx) { return tx.execute("UPDATE api_idempotency_keys SET answer = NULL"); }));
  EXPECT_EQ(create("New", "key-1", owner()).code(), "idempotency_in_progress");
  clock.advance(61s);
  EXPECT_EQ(create("New", "key-1", owner()).status, 201);
}

TEST_P(IdempotencyDbTest, AnUploadRepeatedWithAnotherBoundaryIsTheSame) {
  auto one = upload(owner(), "a.txt", "Some text.", {{"Idempotency-Key", "up-1"}});
  ASSERT_EQ(one.status, 201) << one.body;
  free_time();  // changes the boundary
  auto two = upload(owner(), "a.txt", "Some text.", {{"Idempotency-Key", "up-1"}});
  EXPECT_EQ(two.body, one.body);
  EXPECT_EQ(upload(owner(), "a.txt", "Other text.", {{"Idempotency-Key", "up-1"}}).status, 422);
}

TEST_P(IdempotencyDbTest, KeptAnswersAreSealed) {
  auto made = send("POST", "/api-keys", owner(), {{"name", "k"}}, {{"Idempotency-Key", "key-1"}});
  auto secret = std::string(made.data().at("key").as_string());
  auto stored = read([](store::Tx& tx) { return tx.one("SELECT * FROM api_idempotency_keys"); });
  ASSERT_TRUE(stored);
  auto bytes = stored->blob("answer");
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_GT(text.size(), secret.size());
  EXPECT_EQ(text.find(secret), std::string::npos);
  EXPECT_EQ(text.find("success"), std::string::npos);
  auto again = send("POST", "/api-keys", owner(), {{"name", "k"}}, {{"Idempotency-Key", "key-1"}});
  EXPECT_EQ(again.data().at("key").as_string(), secret);
}

TEST_P(IdempotencyDbTest, OddKeysAreRefused) {
  for (std::string odd : {std::string(256, 'k'), std::string("a b"), std::string("caf\xC3\xA9")}) {
    auto answer = create("New", odd, owner());
    EXPECT_EQ(answer.status, 400) << odd;
    EXPECT_EQ(answer.code(), "malformed_idempotency_key");
  }
}

}  // namespace
}  // namespace parley::api::testing
