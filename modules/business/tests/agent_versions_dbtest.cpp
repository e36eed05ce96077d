#include <gmock/gmock.h>

#include <fstream>

#include "parley/business/agent_versions.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::business {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Opens when it is told to.
class ToldGate final : public PublishingGate {
 public:
  Result<GateAnswer> ask(store::Tx&, const BusinessId&, const AgentVersion& draft) override {
    ++asked;
    last = draft.number;
    return answer;
  }
  GateAnswer answer{GateAnswer::Opens::no, "the scenario 'Hours' failed"};
  int asked = 0;
  std::int64_t last = 0;
};

class AgentVersionsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    businesses = make_businesses(db(), clock, random);
    versions = make_agent_versions(db(), gate);
    ctx.principal = {Principal::Kind::user, "user_1", Role::admin};
    business = run([&] { return businesses->create(ctx, NewBusiness{.name = "Smiles"}); }).value();
    id = business->id;
    other = ctx;
    other.organization = OrganizationId("org_other");
  }
  Agent named(const std::string& name) {
    auto agent = business->agent;
    agent.name = name;
    return agent;
  }
  AgentVersion draft(const std::string& name) {
    return run([&] { return versions->save_draft(ctx, id, named(name), "for spring"); }).value();
  }
  Result<AgentVersion> publish(PublishRequest request = {}) {
    request.business = id;
    return run([&] { return versions->publish(ctx, request); });
  }
  Result<AgentVersion> roll_back(RollBackRequest request = {}) {
    request.business = id;
    return run([&] { return versions->roll_back(ctx, request); });
  }
  Result<std::shared_ptr<const Profile>> change(const std::string& name) {
    auto changed = *run([&] { return businesses->get(ctx, id); }).value();
    changed.agent.name = name;
    return run([&] { return businesses->update(ctx, changed, 0); });
  }
  std::string in_force() {
    return run([&] { return businesses->get(ctx, id); }).value()->agent.name;
  }
  std::vector<std::string> states() {
    auto list = run([&] { return versions->list(ctx, id, {}); }).value();
    std::vector<std::string> all;
    for (const auto& version : list.items)
      all.push_back(std::to_string(version.number) + " " + std::string(to_string(version.state)) +
                    " " + version.agent.name);
    return all;
  }
  store::StoredEvent last_event(const std::string& type) {
    auto events = read([&](store::Tx& tx) {
                    return store::read_events(tx, {.organization = ctx.organization}, {}, 1000);
                  }).value();
    for (auto event = events.rbegin(); event != events.rend(); ++event)
      if (event->type == type) return *event;
    ADD_FAILURE() << "no " << type;
    return {};
  }

  ToldGate gate;
  std::unique_ptr<Businesses> businesses;
  std::unique_ptr<AgentVersions> versions;
  std::shared_ptr<const Profile> business;
  BusinessId id;
  Context other;
};
PARLEY_ON_BOTH_DATABASES(AgentVersionsDbTest);

TEST_P(AgentVersionsDbTest, AChangeIsAVersionThatIsInForceAtOnce) {
  EXPECT_THAT(states(), ElementsAre("1 published Parley"));
  ASSERT_TRUE(change("Robin"));
  EXPECT_THAT(states(), ElementsAre("2 published Robin", "1 retired Parley"));
  ASSERT_TRUE(change("Robin"));
  EXPECT_THAT(states(), ElementsAre("2 published Robin", "1 retired Parley")) << "nothing changed";
  auto version = run([&] { return versions->get(ctx, id, 2); });
  ASSERT_TRUE(version);
  EXPECT_EQ(version->created_by, "user_1");
  EXPECT_TRUE(version->published);
  EXPECT_EQ(
      read([&](store::Tx& tx) { return agent_version_in_force(tx, ctx.organization, id); }).value(),
      2);
}

TEST_P(AgentVersionsDbTest, ADraftIsChangedUntilItIsPublished) {
  EXPECT_EQ(run([&] { return versions->draft(ctx, id); }).error().code, Errc::not_found);
  auto first = draft("Kim");
  EXPECT_EQ(first.number, 2);
  EXPECT_EQ(first.revision, 1);
  EXPECT_EQ(first.note, "for spring");
  auto second = draft("Kim Two");
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(second.revision, 2);
  EXPECT_EQ(in_force(), "Parley");
  auto published = publish();
  ASSERT_TRUE(published) << published.error().detail;
  EXPECT_EQ(published->published_by, "user_1");
  EXPECT_EQ(in_force(), "Kim Two");
  EXPECT_THAT(states(), ElementsAre("2 published Kim Two", "1 retired Parley"));
  EXPECT_EQ(gate.asked, 0) << "no gate stands there";
  EXPECT_EQ(publish().error().code, Errc::not_found);
  EXPECT_EQ(publish({.number = 1}).error().code, Errc::conflict);
  EXPECT_EQ(draft("Kim Three").number, 3);
  ASSERT_TRUE(run([&] { return versions->discard_draft(ctx, id); }));
  EXPECT_EQ(run([&] { return versions->discard_draft(ctx, id); }).error().code, Errc::not_found);
}

TEST_P(AgentVersionsDbTest, AnAgentThatMayNotBeIsNoDraft) {
  auto wrong = business->agent;
  wrong.speed = 9;
  auto refused = run([&] { return versions->save_draft(ctx, id, wrong, ""); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_THAT(states(), ElementsAre("1 published Parley"));
}

TEST_P(AgentVersionsDbTest, AClosedGateIsPassedOnlyWithAReasonThatIsKept) {
  ASSERT_TRUE(run([&] { return versions->set_gate(ctx, id, Gate::scenarios); }));
  EXPECT_EQ(run([&] { return versions->gate(ctx, id); }).value(), Gate::scenarios);
  draft("Kim");
  auto refused = publish();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_THAT(refused.error().detail, HasSubstr("'Hours' failed"));
  EXPECT_EQ(gate.last, 2);
  EXPECT_EQ(in_force(), "Parley");
  auto forced = publish({.forced_reason = "the owner is on the line"});
  ASSERT_TRUE(forced) << forced.error().detail;
  EXPECT_EQ(forced->forced_reason, "the owner is on the line");
  auto event = last_event("agent.published");
  EXPECT_EQ(event.data.at("forced"), json::value(true));
  EXPECT_EQ(event.data.at("reason"), json::value("the owner is on the line"));
  EXPECT_EQ(event.data.at("gate"), json::value("the scenario 'Hours' failed"));
  EXPECT_EQ(event.data.at("by"), json::value("user_1"));
  gate.answer = {GateAnswer::Opens::yes, ""};
  draft("Lee");
  auto open = publish({.forced_reason = "just in case"});
  ASSERT_TRUE(open);
  EXPECT_EQ(open->forced_reason, "") << "nothing was forced";
}

TEST_P(AgentVersionsDbTest, NothingGoesRoundAGate) {
  ASSERT_TRUE(run([&] { return versions->set_gate(ctx, id, Gate::scenarios); }));
  auto refused = change("Robin");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(in_force(), "Parley");
  // What is not the agent is changed as ever.
  auto changed = *business;
  changed.address = "12 River Street";
  EXPECT_TRUE(run([&] { return businesses->update(ctx, changed, 0); }));
}

TEST_P(AgentVersionsDbTest, AnEarlierVersionComesBack) {
  EXPECT_EQ(roll_back().error().code, Errc::conflict) << "there is no earlier one";
  clock.advance(1s);
  ASSERT_TRUE(change("Robin"));
  clock.advance(1s);
  ASSERT_TRUE(change("Kim"));
  auto back = roll_back({.reason = "callers complain"});
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->number, 2);
  EXPECT_EQ(in_force(), "Robin");
  EXPECT_THAT(states(), ElementsAre("3 rolled_back Kim", "2 published Robin", "1 retired Parley"));
  auto event = last_event("agent.rolled_back");
  EXPECT_EQ(event.data.at("from"), json::value(3));
  EXPECT_EQ(event.data.at("reason"), json::value("callers complain"));
  ASSERT_TRUE(roll_back({.number = 3}));
  EXPECT_EQ(in_force(), "Kim");
  EXPECT_EQ(roll_back({.number = 3}).error().code, Errc::conflict);
  EXPECT_EQ(roll_back({.number = 9}).error().code, Errc::not_found);
}

TEST_P(AgentVersionsDbTest, AnotherOrganizationSeesAndChangesNothing) {
  draft("Kim");
  EXPECT_EQ(run([&] { return versions->list(other, id, {}); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return versions->draft(other, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return versions->save_draft(other, id, named("X"), ""); }).error().code,
            Errc::not_found);
  EXPECT_EQ(run([&] { return versions->publish(other, {id, 0, ""}); }).error().code,
            Errc::not_found);
  EXPECT_EQ(run([&] { return versions->set_gate(other, id, Gate::none); }).error().code,
            Errc::not_found);
  EXPECT_EQ(in_force(), "Parley");
}

/// A database of before versions: what the migration says of its businesses.
TEST_P(AgentVersionsDbTest, WhatWasInForceBeforeThereWereVersionsIsTheFirst) {
  std::string kind = GetParam() == store::Database::Kind::sqlite ? "sqlite" : "postgresql";
  std::ifstream in(PARLEY_SOURCE_DIR "/migrations/0110_agent_versions." + kind + ".sql");
  std::string script{std::istreambuf_iterator<char>(in), {}};
  auto statement = script.substr(script.find("INSERT INTO agent_versions"));
  statement.erase(statement.rfind(';'));
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    if (auto done = tx.execute("DELETE FROM agent_versions"); !done)
      return std::unexpected(done.error());
    auto done = tx.execute(statement);
    if (!done) return std::unexpected(done.error());
    return {};
  }));
  EXPECT_THAT(states(), ElementsAre("1 published Parley"));
  ASSERT_TRUE(change("Robin"));
  EXPECT_THAT(states(), ElementsAre("2 published Robin", "1 retired Parley"));
}

TEST_P(AgentVersionsDbTest, ABusinessThatIsRemovedLeavesNoVersions) {
  draft("Kim");
  ASSERT_TRUE(run([&] { return businesses->remove(ctx, id); }));
  auto left =
      read([&](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM agent_versions"); });
  EXPECT_EQ(left.value().integer("n"), 0);
}

}  // namespace
}  // namespace parley::business
