// The database goes away before, in and after a call, and comes back: the caller is answered, and
// what the call owes is written once, in order, also by the next process.
#include <gmock/gmock.h>

#include "calls_fixture.hpp"

namespace parley::calls {
namespace {

using namespace testing;  // fixture, fakes
using ::testing::ElementsAre;

class OutageDbTest : public CallsDbTest {
 protected:
  void SetUp() override {
    CallsDbTest::SetUp();
    start_service();
  }
  /// The only call, once `good` holds.
  Call settled() {
    return await_call([](auto& c) { return c.status == CallStatus::completed && c.has_recording; });
  }
  std::vector<std::string> kinds_of(const CallId& call) {
    auto timeline = run([&] { return service->timeline(ctx, call); });
    EXPECT_TRUE(timeline);
    std::vector<std::string> kinds;
    // The recognizer of these tests is deaf.
    for (auto& item : *timeline)
      if (item.kind != "engine.failed") kinds.push_back(item.kind);
    return kinds;
  }
  void expect_whole(const Call& call) {
    EXPECT_EQ(call.end_reason, "caller_hung_up");
    EXPECT_EQ(call.agent_turns, 1);
    EXPECT_EQ(call.outcome, "answered");
    EXPECT_THAT(kinds_of(call.id),
                ElementsAre("tool", "session.started", "agent.said", "session.ended"));
    EXPECT_THAT(event_types(),
                ElementsAre("call.started", "call.answered", "call.ended", "call.recorded"));
    EXPECT_FALSE(recording_of(call.id).empty());
  }
  /// What is on the disk of calls that owe.
  std::size_t ledgers() {
    std::size_t many = 0;
    for (auto& entry : std::filesystem::directory_iterator(folder() / "spool"))
      if (entry.path().extension() == ".owed") ++many;
    return many;
  }
  std::function<Task<int>()> go_away() {
    return [this]() -> Task<int> {
      database->go_away();
      co_return 0;
    };
  }
};
PARLEY_ON_BOTH_DATABASES(OutageDbTest);

TEST_P(OutageDbTest, ACallGoesOnWithoutTheDatabaseAndIsWrittenWhenItReturns) {
  ASSERT_TRUE(talk(token_of(ring()), hung_up, go_away()));
  database->come_back();
  expect_whole(settled());
  EXPECT_EQ(ledgers(), 0U);
}

TEST_P(OutageDbTest, ANewCallIsAnsweredByWhatIsKnownOfTheBusiness) {
  database->go_away();
  auto token = token_of(ring());
  EXPECT_EQ(token_of(ring()), token) << "the carrier asks twice: the same call";
  ASSERT_TRUE(talk(token, hung_up));
  EXPECT_EQ(dialogues.started.size(), 1U) << "the agent spoke";
  EXPECT_FALSE(talk(token, hung_up)) << "a token works once, also now";
  EXPECT_EQ(ledgers(), 1U);
  database->come_back();
  expect_whole(settled());
  EXPECT_EQ(ledgers(), 0U);
}

TEST_P(OutageDbTest, WhatIsOwedSurvivesTheProcess) {
  database->go_away();
  ASSERT_TRUE(talk(token_of(ring()), hung_up));
  // The process goes before the database returns, and leaves what is on the disk.
  stop_service();
  EXPECT_EQ(ledgers(), 1U);
  database->come_back();
  make_service();
  start_service();
  expect_whole(settled());
  EXPECT_EQ(ledgers(), 0U);
}

TEST_P(OutageDbTest, AnAnswerLostInTheCommitIsNotWrittenTwice) {
  ASSERT_TRUE(talk(token_of(ring()), hung_up, [this]() -> Task<int> {
    database->lose_next_answer();
    co_return 0;
  }));
  database->come_back();
  auto call = settled();
  expect_whole(call);
  auto length = call.length;
  EXPECT_EQ(settled().length, length);
}

TEST_P(OutageDbTest, AConnectionThatBreaksMeanwhileComesBackIntoTheSameCall) {
  auto token = token_of(ring());
  ASSERT_TRUE(talk(token, broke, go_away()));
  auto next = what_next();
  ASSERT_TRUE(next);
  ASSERT_TRUE(talk(token_of(*next), hung_up));
  EXPECT_FALSE(what_next()) << "the call is over: the carrier hangs up";
  database->come_back();
  auto call = settled();
  EXPECT_EQ(call.end_reason, "caller_hung_up");
  EXPECT_EQ(call.agent_turns, 2);
  EXPECT_THAT(kinds_of(call.id),
              ElementsAre("tool", "session.started", "agent.said", "session.ended", "tool",
                          "session.started", "agent.said", "session.ended"));
  EXPECT_THAT(event_types(), ElementsAre("call.started", "call.answered", "call.interrupted",
                                         "call.answered", "call.ended", "call.recorded"));
}

TEST_P(OutageDbTest, AReconnectionAllowedMeanwhileHoldsWhenTheDatabaseIsBack) {
  ASSERT_TRUE(talk(token_of(ring()), broke, go_away()));
  auto next = what_next();
  ASSERT_TRUE(next);
  database->come_back();
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  ASSERT_TRUE(talk(token_of(*next), hung_up));
  EXPECT_EQ(settled().agent_turns, 2);
}

TEST_P(OutageDbTest, ABusinessThatWasNeverAskedForIsApologisedFor) {
  database->go_away();
  businesses.failing = true;
  businesses.failure = Errc::unavailable;
  auto answer = ring();
  ASSERT_TRUE(std::holds_alternative<SayAndHangUp>(answer));
}

TEST_P(OutageDbTest, ALedgerThatCanNeverBeWrittenIsSetAside) {
  auto file = folder() / "spool" / "call_odd.owed";
  std::ofstream(file) << "{\"kind\":\"connected\",\"connection\":1,\"at\":"
                         "\"2026-01-05T10:00:00Z\"}\n{\"kind\":\"cut o";
  stop_service();
  make_service();
  start_service();
  EXPECT_EQ(ledgers(), 0U);
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".refused"));
  ASSERT_TRUE(talk(token_of(ring()), hung_up));
  expect_whole(settled());
}

}  // namespace
}  // namespace parley::calls
