// Versions of agents and scenarios over HTTP: what changes, what is refused, and to whom.
#include <gmock/gmock.h>

#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

using ::testing::HasSubstr;

class Agents : public ApiTest {
 protected:
  std::string agent() const { return "/businesses/" + business + "/agent"; }
  std::string text(const json::value& data, std::string_view field) {
    return text_at(data, "/" + std::string(field));
  }
};
PARLEY_ON_BOTH_DATABASES(Agents);

TEST_P(Agents, WithoutAGateAChangeIsInForceAndListed) {
  send("PUT", agent(), owner(), {{"name", "Kim"}});
  auto list = get(agent() + "/versions?limit=2", owner());
  EXPECT_EQ(list.data().as_array().size(), 2u);
  EXPECT_EQ(list.data().at(0).at("number"), json::value(4)) << "the fixture's draft is 3";
  EXPECT_EQ(text(list.data().at(0), "state"), "published");
  EXPECT_EQ(text(list.data().at(0).at("agent"), "name"), "Kim");
  EXPECT_EQ(list.json().at("pagination").at("total"), json::value(4));
  auto first = get(agent() + "/versions?sort=number", owner());
  EXPECT_EQ(first.data().at(0).at("number"), json::value(1));
}

TEST_P(Agents, BehindAGateAChangeIsADraftUntilItsScenariosPass) {
  EXPECT_EQ(
      send("PUT", agent() + "/gate", token_of(Role::operator_), {{"gate", "scenarios"}}).status,
      403);
  ASSERT_EQ(send("PUT", agent() + "/gate", owner(), {{"gate", "scenarios"}}).status, 200);
  EXPECT_EQ(text(get(agent() + "/gate", owner()).data(), "gate"), "scenarios");
  auto before = text(get(agent(), owner()).data(), "name");
  auto changed = send("PUT", agent(), owner(), {{"name", "Lee"}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_THAT(text_at(changed.json(), "/message"), HasSubstr("a draft"));
  EXPECT_EQ(text(get(agent(), owner()).data(), "name"), before);
  EXPECT_EQ(text(get(agent() + "/draft", owner()).data().at("agent"), "name"), "Lee");
  send("PUT", "/evals/scenarios/" + scenario, owner(), {{"required", true}});
  auto refused = send("POST", agent() + "/publish", owner(), json::object{});
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "publishing_refused");
  EXPECT_THAT(text_at(refused.json(), "/error"), HasSubstr("has not been tried"));
  json::object force{{"forceReason", "the owner is on the line"}};
  EXPECT_EQ(send("POST", agent() + "/publish", token_of(Role::operator_), force).status, 403);
  auto forced = send("POST", agent() + "/publish", token_of(Role::admin), force);
  ASSERT_EQ(forced.status, 200) << forced.body;
  EXPECT_EQ(text(forced.data(), "forcedReason"), "the owner is on the line");
  EXPECT_EQ(text(get(agent(), owner()).data(), "name"), "Lee");
  auto back = send("POST", agent() + "/rollback", token_of(Role::operator_), json::object{});
  EXPECT_EQ(back.data().at("number"), json::value(2));
  EXPECT_EQ(text(get(agent(), owner()).data(), "name"), before);
}

TEST_P(Agents, AnOlderDraftIsNotOverwritten) {
  auto etag = get(agent() + "/draft", owner()).header("ETag");
  auto first = send("PUT", agent() + "/draft", owner(), {{"name", "One"}}, {{"If-Match", etag}});
  EXPECT_EQ(first.status, 200) << first.body;
  auto second = send("PUT", agent() + "/draft", owner(), {{"name", "Two"}}, {{"If-Match", etag}});
  EXPECT_EQ(second.status, 412);
  EXPECT_EQ(text(get(agent() + "/draft", owner()).data().at("agent"), "name"), "One");
}

TEST_P(Agents, AScenarioThatIsNoneIsRefusedWithItsLines) {
  auto refused =
      send("POST", "/evals/scenarios", owner(),
           {{"businessId", business}, {"document", "name: a\nstepps: []\nexpect: [{says: x}]\n"}});
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(text_at(refused.json(), "/error"),
              HasSubstr("ocument:2:1: unknown key 'stepps'; the nearest is 'steps'"));
}

TEST_P(Agents, ScenariosAndRunsArePagedAndFiltered) {
  auto list = get("/evals/scenarios?business=" + business + "&sort=-name&limit=1", owner());
  ASSERT_EQ(list.status, 200);
  EXPECT_EQ(list.json().at("pagination").at("total"), json::value(1));
  EXPECT_EQ(get("/evals/scenarios?business=biz_none", owner()).data().as_array().size(), 0u);
  EXPECT_EQ(get("/evals/runs?agentVersion=3&status=queued", owner()).data().as_array().size(), 1u);
  EXPECT_EQ(get("/evals/runs?agentVersion=2", owner()).data().as_array().size(), 0u);
  auto run = get("/evals/runs/" + eval_run, owner());
  EXPECT_EQ(text(run.data(), "status"), "interrupted") << "its job is gone";
  EXPECT_EQ(text(run.data().at("results").at(0), "state"), "waiting");
}

}  // namespace
}  // namespace parley::api::testing
