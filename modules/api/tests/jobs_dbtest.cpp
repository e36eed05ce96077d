// Jobs, dead letters, sagas and the services outside, as an administrator sees them.
#include "api_fixture.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::api::testing {
namespace {

class JobsApi : public ApiTest {
 protected:
  std::vector<std::string> listed(const std::string& target) {
    auto answer = get(target, owner());
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> ids;
    auto data = answer.data();
    for (auto& item : data.as_array()) ids.emplace_back(item.as_object().at("id").as_string());
    return ids;
  }
  json::object service_called(std::string_view name) {
    auto answer = get("/integration/services", owner());
    auto data = answer.data();
    for (auto& item : data.as_array())
      if (item.at("name").as_string() == name) return item.as_object();
    ADD_FAILURE() << name << " is not there: " << answer.body;
    return {};
  }
};
PARLEY_ON_BOTH_DATABASES(JobsApi);

TEST_P(JobsApi, JobsAreListedByWhatTheyAre) {
  auto dead = listed("/jobs?status=dead&handler=work.v1&lane=default&sort=createdAt");
  EXPECT_EQ(dead, (std::vector{dead_job, dead_letter, discarded_letter}));
  EXPECT_EQ(listed("/jobs?handler=work.v1&limit=1&page=2"), std::vector{dead_letter});
  EXPECT_TRUE(listed("/jobs?lane=nowhere").empty());
  EXPECT_EQ(get("/jobs?status=gone", owner()).status, 422);
  auto one = get("/jobs/" + dead_job, owner());
  EXPECT_EQ(one.data().at("lastError").as_string(), "gave up");
  EXPECT_EQ(one.data().at("payload").at("what").as_string(), "secret of the job");
  EXPECT_EQ(get("/jobs", token_of(Role::operator_)).status, 403);
  EXPECT_EQ(get("/jobs", token_of(Role::admin)).status, 200);
}

TEST_P(JobsApi, ADeadJobIsRetriedOnce) {
  auto retried = send("POST", "/jobs/" + dead_job + "/retry", owner(), nullptr);
  EXPECT_EQ(retried.status, 200) << retried.body;
  EXPECT_EQ(retried.data().at("status").as_string(), "ready");
  auto again = send("POST", "/jobs/" + dead_job + "/retry", owner(), nullptr);
  EXPECT_EQ(again.status, 409) << again.body;
  auto missing = send("POST", "/jobs/job_none/retry", owner(), nullptr);
  EXPECT_EQ(missing.code(), "job_not_found");
}

TEST_P(JobsApi, DeadLettersAreReplayedAndDiscarded) {
  EXPECT_EQ(listed("/dead-letters").size(), 3u);
  auto replayed = send("POST", "/dead-letters/" + dead_letter + "/replay", owner(), nullptr);
  EXPECT_EQ(replayed.data().at("status").as_string(), "ready") << replayed.body;
  EXPECT_EQ(send("DELETE", "/dead-letters/" + discarded_letter, owner(), nullptr).status, 200);
  EXPECT_EQ(listed("/dead-letters?handler=work.v1"), std::vector{dead_job});
  EXPECT_EQ(get("/jobs/" + discarded_letter, owner()).code(), "job_not_found");
  auto gone = send("DELETE", "/dead-letters/" + dead_letter, owner(), nullptr);
  EXPECT_EQ(gone.code(), "dead_letter_not_found") << "it is no dead letter any more";
}

TEST_P(JobsApi, AListThatIsLongerThanIsCountedSaysSo) {
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) "
        "INSERT INTO jobs (id, organization_id, handler, lane, state, priority, position, run_at, "
        "payload, created_at) SELECT 'job_0' || i, ?1, 'many.v1', 'default', 'done', 5, i, ?2, "
        "'{}', ?2 FROM n",
        {ctx.organization, tx.now()});
  }));
  auto page = get("/jobs?status=done", owner()).json().at("pagination").as_object();
  EXPECT_EQ(page.at("total").as_int64(), 10'000);
  EXPECT_TRUE(page.at("totalIsAtLeast").as_bool());
  auto dead = get("/jobs?status=dead", owner()).json().at("pagination").as_object();
  EXPECT_EQ(dead.at("total").as_int64(), 3);
  EXPECT_FALSE(dead.contains("totalIsAtLeast"));
}

TEST_P(JobsApi, SagasShowTheirSteps) {
  EXPECT_EQ(listed("/sagas?kind=trip.v1&status=running"), std::vector{saga});
  EXPECT_TRUE(listed("/sagas?status=stuck").empty());
  auto one = get("/sagas/" + saga, owner());
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.data().at("steps").at(0).at("name").as_string(), "hold");
  EXPECT_EQ(one.data().at("steps").at(0).at("status").as_string(), "pending");
  EXPECT_EQ(get("/sagas", token_of(Role::operator_)).status, 403);
}

TEST_P(JobsApi, ServicesShowTheirBreakerWhichCanBeReset) {
  auto before = service_called("carrier");
  EXPECT_EQ(before.at("policy").at("breaker").as_string(), "closed");
  EXPECT_TRUE(before.at("policy").at("lastError").is_null());
  EXPECT_TRUE(before.at("probe").is_null());
  for (int i = 0; i < 10; ++i)
    EXPECT_FALSE(run([&] {
      return carrier_policy().run(ctx, {"fails"}, [](Context) -> Task<void> {
        co_return fail(Errc::outcome_unknown, "the line was cut");
      });
    }));
  auto open = service_called("carrier");
  EXPECT_EQ(open.at("policy").at("breaker").as_string(), "open");
  EXPECT_EQ(open.at("policy").at("failed").as_int64(), 10);
  EXPECT_EQ(open.at("policy").at("lastError").at("detail").as_string(), "the line was cut");
  EXPECT_EQ(get("/integration/services", token_of(Role::operator_)).status, 403);
  auto path = std::string("/integration/services/carrier/reset-breaker");
  EXPECT_EQ(send("POST", path, token_of(Role::operator_), nullptr).status, 403);
  auto reset = send("POST", path, owner(), nullptr);
  EXPECT_EQ(reset.data().at("policy").at("breaker").as_string(), "closed") << reset.body;
  auto unknown = send("POST", "/integration/services/carier/reset-breaker", owner(), nullptr);
  EXPECT_EQ(unknown.code(), "service_not_found");
}

TEST_P(JobsApi, ServicesWithoutAPolicyShowTheirProbe) {
  cache_away = true;
  ASSERT_EQ(get("/health", owner()).status, 200);  // which looks
  auto cache = service_called("cache");
  EXPECT_TRUE(cache.at("policy").is_null());
  EXPECT_EQ(cache.at("probe").at("status").as_string(), "unhealthy");
  EXPECT_EQ(cache.at("probe").at("reason").as_string(), "unavailable");
}

}  // namespace
}  // namespace parley::api::testing
