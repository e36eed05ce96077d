#include <gmock/gmock.h>

#include "parley/evals/evals.hpp"
#include "parley/store/event_log.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::evals {
namespace {

using business::Gate;
using business::GateAnswer;
using business::VersionState;
using ::testing::HasSubstr;
using State = ScenarioResult::State;

std::string document(const std::string& name, const std::string& said = "welcome") {
  return "name: " + name + "\nsteps:\n  - say: hello\nexpect:\n  - says: " + said + "\n";
}

/// Answers every call with the agent's greeting, as if it had been said.
class GreetingCalls final : public CallPlacer {
 public:
  Task<Observed> place(Context, Callee callee, Scenario) override {
    ++calls;
    versions.push_back(callee.agent.number);
    if (away) co_return fail(Errc::unavailable, "no line");
    Observed seen;
    seen.call_id = "call_" + std::to_string(calls);
    seen.turns.push_back({.who = "agent", .text = callee.agent.agent.greeting});
    co_return seen;
  }
  int calls = 0;
  bool away = false;
  std::vector<std::int64_t> versions;
};

class EvalsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    businesses = business::make_businesses(db(), clock, random);
    gate = make_scenario_gate();
    versions = business::make_agent_versions(db(), *gate);
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer});
    evals = std::make_unique<Evals>(Evals::Parts{clock, random, db(), *queue, placer});
    business::NewBusiness request{.name = "Bright Smiles"};
    auto made = run([&] { return businesses->create(ctx, request); }).value();
    id = made->id;
    agent = made->agent;
    other = ctx;
    other.organization = OrganizationId("org_other");
  }
  void TearDown() override {
    (void)run([&]() -> Task<void> {
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
    DatabaseTest::TearDown();
  }
  KeptScenario add(const std::string& text, bool required = true) {
    KeptScenario kept;
    kept.business = id;
    kept.document = text;
    kept.required = required;
    clock.advance(1ms);  // one is older than the next
    return run([&] { return evals->add(ctx, kept); }).value();
  }
  business::AgentVersion draft(const std::string& greeting) {
    auto changed = agent;
    changed.greeting = greeting;
    return run([&] { return versions->save_draft(ctx, id, changed, ""); }).value();
  }
  Result<EvalRun> start(Evals::NewRun request = {}) {
    request.business = id;
    return run([&] { return evals->start(ctx, request); });
  }
  Evals::Compared ended(const EvalRunId& wanted) {
    return run([&]() -> Task<Evals::Compared> {
             for (;;) {
               auto looking = evals->run(ctx, wanted);
               auto found = co_await std::move(looking);
               if (!found || found->run.finished) co_return found;
               asio::steady_timer pause(io, std::chrono::milliseconds(1));
               co_await pause.async_wait(asio::use_awaitable);
             }
           })
        .value();
  }
  Evals::Compared tried(Evals::NewRun request = {}) {
    auto begun = start(std::move(request));
    EXPECT_TRUE(begun) << begun.error().detail;
    queue->start();
    return ended(begun->id);
  }
  Errc code(auto start_it) {
    auto outcome = run(start_it);
    return outcome ? Errc::end_of_stream : outcome.error().code;
  }

  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  GreetingCalls placer;
  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<business::PublishingGate> gate;
  std::unique_ptr<business::AgentVersions> versions;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<Evals> evals;
  BusinessId id;
  business::Agent agent;
  Context other;
};
PARLEY_ON_BOTH_DATABASES(EvalsDbTest);

TEST_P(EvalsDbTest, ScenariosAreKeptChangedAndRemoved) {
  auto kept = add(document("Hours"));
  EXPECT_EQ(kept.name, "Hours");
  EXPECT_EQ(kept.version, 1);
  kept.document = document("Opening hours");
  kept.required = false;
  auto changed = run([&] { return evals->update(ctx, kept, 1); });
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_EQ(changed->name, "Opening hours");
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(code([&] { return evals->update(ctx, kept, 1); }), Errc::conflict);
  add(document("Another"));
  auto list =
      run([&] { return evals->scenarios(ctx, {.business = id, .limit = 1, .sort = "name"}); });
  ASSERT_TRUE(list);
  EXPECT_EQ(list->total, 2);
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(list->items[0].name, "Another");
  EXPECT_EQ(code([&] { return evals->remove(ctx, kept.id, 1); }), Errc::conflict);
  EXPECT_TRUE(run([&] { return evals->remove(ctx, kept.id, 2); }));
  EXPECT_EQ(code([&] { return evals->get(ctx, kept.id); }), Errc::not_found);
}

TEST_P(EvalsDbTest, WhatIsNoScenarioIsNotKept) {
  KeptScenario bad;
  bad.business = id;
  bad.document = "name: a\nstepps: []\n";
  auto refused = run([&] { return evals->add(ctx, bad); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid);
  EXPECT_THAT(refused.error().detail, HasSubstr("document:2:1: unknown key 'stepps'"));
  bad.document = document("One") + "---\n" + document("Two");
  EXPECT_EQ(code([&] { return evals->add(ctx, bad); }), Errc::invalid);
  bad.document = document("One");
  bad.business = BusinessId("biz_none");
  EXPECT_EQ(code([&] { return evals->add(ctx, bad); }), Errc::not_found);
}

TEST_P(EvalsDbTest, AnotherOrganizationSeesNothing) {
  auto kept = add(document("Hours"));
  auto begun = start();
  ASSERT_TRUE(begun);
  EXPECT_EQ(code([&] { return evals->get(other, kept.id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return evals->update(other, kept, 0); }), Errc::not_found);
  EXPECT_EQ(code([&] { return evals->remove(other, kept.id, 0); }), Errc::not_found);
  EXPECT_EQ(code([&] { return evals->run(other, begun->id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return evals->start(other, {.business = id}); }), Errc::not_found);
  EXPECT_EQ(run([&] { return evals->scenarios(other, {}); })->total, 0);
  EXPECT_EQ(run([&] { return evals->runs(other, {}); })->total, 0);
}

TEST_P(EvalsDbTest, ARunCallsTheDraftAndKeepsItsScorecard) {
  add(document("Greets", "welcome"));
  add("name: Asks\nsteps: [{say: x}]\nexpect: [{says: how can i help}]\nrepeat: 3\n");
  draft("Welcome!");
  auto compared = tried();
  auto& scorecard = compared.run;
  EXPECT_EQ(scorecard.status, EvalStatus::failed);
  EXPECT_EQ(scorecard.agent_version, 2);
  ASSERT_EQ(scorecard.results.size(), 2u);
  EXPECT_EQ(scorecard.results[0].state, State::passed);
  EXPECT_EQ(scorecard.results[1].state, State::failed);
  EXPECT_EQ(scorecard.results[1].calls, 3);
  EXPECT_EQ(scorecard.results[1].needed, 3);
  EXPECT_EQ(text_at(scorecard.results[0].attempts.at(0), "/callId"), "call_1");
  EXPECT_THAT(text_at(scorecard.results[1].attempts.at(0), "/verdicts/0/found"),
              HasSubstr("Welcome!"));
  EXPECT_EQ(placer.versions, (std::vector<std::int64_t>{2, 2, 2, 2}));
  EXPECT_FALSE(compared.before);
}

TEST_P(EvalsDbTest, WhatIsDifferentFromTheRunBeforeIsTold) {
  add(document("Greets", "welcome"));
  auto first = tried();
  EXPECT_EQ(first.run.status, EvalStatus::failed) << "the greeting is empty";
  EXPECT_EQ(first.run.agent_version, 1);
  draft("Welcome!");
  auto second = ended(start().value().id);
  ASSERT_TRUE(second.before);
  EXPECT_EQ(second.before->id, first.run.id);
  auto changes = compare(*second.before, second.run);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].before, State::failed);
  EXPECT_EQ(changes[0].now, State::passed);
  auto passed = run([&] { return evals->runs(ctx, {.status = EvalStatus::passed}); });
  EXPECT_EQ(passed->total, 1);
  EXPECT_EQ(run([&] { return evals->runs(ctx, {.agent_version = 1}); })->total, 1);
}

TEST_P(EvalsDbTest, ACallThatCouldNotBeMadeIsAFailureWithItsReason) {
  add(document("Greets"));
  placer.away = true;
  auto compared = tried();
  EXPECT_EQ(compared.run.status, EvalStatus::failed);
  EXPECT_EQ(text_at(compared.run.results.at(0).attempts.at(0), "/error"), "no line");
}

TEST_P(EvalsDbTest, OneRunOfABusinessGoesOnAtATime) {
  EXPECT_EQ(start().error().code, Errc::conflict) << "nothing to try";
  add(document("Greets"));
  auto first = start().value();
  EXPECT_EQ(start()->id, first.id) << "the same is answered";
  draft("Welcome!");
  EXPECT_EQ(start().error().code, Errc::conflict) << "another version must wait";
  EXPECT_EQ(start({.agent_version = 9}).error().code, Errc::not_found);
  EXPECT_EQ(start({.scenarios = {ScenarioId("scn_none")}}).error().code, Errc::not_found);
}

TEST_P(EvalsDbTest, ADraftThatFailsItsScenariosIsNotPublished) {
  auto kept = add(document("Greets", "welcome"));
  add(document("Sings", "tralala"), false);
  ASSERT_TRUE(run([&] { return versions->set_gate(ctx, id, Gate::scenarios); }));
  draft("Hello");
  auto publish = [&](std::string reason = "") {
    return run([&] { return versions->publish(ctx, {id, 0, reason}); });
  };
  auto untried = publish();
  ASSERT_FALSE(untried);
  EXPECT_EQ(untried.error().code, Errc::conflict);
  EXPECT_THAT(untried.error().detail, HasSubstr("has not been tried"));
  (void)tried();
  EXPECT_THAT(publish().error().detail, HasSubstr("'Greets' failed"));
  draft("Welcome");
  EXPECT_THAT(publish().error().detail, HasSubstr("has not been tried")) << "it is another now";
  auto good = ended(start().value().id);
  EXPECT_EQ(good.run.status, EvalStatus::failed) << "what is not required failed";
  kept.document = document("Greets", "welcome|hello");
  ASSERT_TRUE(run([&] { return evals->update(ctx, kept, 0); }));
  EXPECT_THAT(publish().error().detail, HasSubstr("not part of the last run"));
  (void)ended(start().value().id);
  auto published = publish("not needed");
  ASSERT_TRUE(published) << published.error().detail;
  EXPECT_EQ(published->state, VersionState::published);
  EXPECT_EQ(published->forced_reason, "") << "the gate was open";
}

}  // namespace
}  // namespace parley::evals
