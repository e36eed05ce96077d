#include "parley/evals/judge.hpp"

#include <gmock/gmock.h>

namespace parley::evals {
namespace {

using Kind = Expectation::Kind;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

Observed a_call() {
  Observed call;
  call.call_id = "call_1";
  call.outcome = "booked";
  call.ended_by = "agent";
  call.local_date = "2026-11-27";
  call.length = std::chrono::seconds(40);
  call.turns = {{.who = "agent", .text = "How can I help you?"},
                {.who = "caller", .text = "a cleaning tomorrow"},
                {.who = "agent", .text = "You're booked.", .latency = milliseconds(900)}};
  call.tools = {{.name = "book_appointment",
                 .arguments = {{"service", "Teeth cleaning"}, {"minutes", 45}},
                 .error = {},
                 .at = std::chrono::seconds(20)}};
  call.phases = {"greeting", "close"};
  call.appointments = {
      {"appt_1", "Teeth cleaning", "2026-11-28T14:00", "John Smith", "+12125550142"}};
  call.interruptions = 1;
  call.replies = {milliseconds(700), milliseconds(950)};
  return call;
}

Verdict verdict(Expectation wanted, const Observed& call = a_call()) {
  Scenario scenario;
  scenario.expect = {std::move(wanted)};
  return judge(scenario, call).back();
}
bool holds(Expectation wanted) { return verdict(std::move(wanted)).passed; }

TEST(Judge, Words) {
  EXPECT_TRUE(holds({.kind = Kind::says, .pattern = "you're BOOKED"}));
  EXPECT_FALSE(holds({.kind = Kind::says, .pattern = "cleaning"})) << "the caller's words";
  EXPECT_TRUE(holds({.kind = Kind::absent, .pattern = "sorry"}));
  EXPECT_FALSE(holds({.kind = Kind::absent, .pattern = "how can"}));
  EXPECT_TRUE(holds({.kind = Kind::heard, .pattern = "tomorrow"}));
  EXPECT_FALSE(holds({.kind = Kind::heard, .pattern = "booked"}));
  EXPECT_TRUE(holds({.kind = Kind::transcript, .pattern = "(?s)help.*caller: a.*agent: you"}));
  EXPECT_FALSE(holds({.kind = Kind::transcript, .pattern = "agent: a cleaning"}));
}

TEST(Judge, WordsInTime) {
  Expectation wanted{.kind = Kind::says, .pattern = "booked"};
  wanted.limit = milliseconds(900);
  auto good = verdict(wanted);
  EXPECT_TRUE(good.passed);
  EXPECT_EQ(good.took, milliseconds(900));
  EXPECT_EQ(good.expected, "says /booked/ within 900 ms");
  wanted.limit = milliseconds(899);
  auto late = verdict(wanted);
  EXPECT_FALSE(late.passed);
  EXPECT_THAT(late.found, HasSubstr("after 900 ms"));
  wanted.pattern = "how can i help";
  EXPECT_THAT(verdict(wanted).found, HasSubstr("no answer to the caller's words"));
}

TEST(Judge, Tools) {
  EXPECT_TRUE(holds({.kind = Kind::tool_called, .pattern = "book_appointment"}));
  EXPECT_TRUE(holds({.kind = Kind::tool_called,
                     .pattern = "book_appointment",
                     .fields = {{"service", "teeth cleaning"}, {"minutes", 45}}}));
  EXPECT_TRUE(holds({.kind = Kind::tool_called,
                     .pattern = "book_appointment",
                     .fields = {{"service", "/^teeth/"}}}));
  EXPECT_FALSE(holds(
      {.kind = Kind::tool_called, .pattern = "book_appointment", .fields = {{"minutes", 30}}}));
  EXPECT_FALSE(
      holds({.kind = Kind::tool_called, .pattern = "book_appointment", .fields = {{"name", "x"}}}));
  EXPECT_FALSE(holds({.kind = Kind::tool_called,
                      .pattern = "book_appointment",
                      .fields = {},
                      .limit = std::chrono::seconds(19)}));
  EXPECT_TRUE(holds({.kind = Kind::tool_absent, .pattern = "take_message"}));
  auto called = verdict({.kind = Kind::tool_absent, .pattern = "book_appointment"});
  EXPECT_FALSE(called.passed);
  EXPECT_THAT(called.found, HasSubstr("Teeth cleaning"));
}

TEST(Judge, Appointments) {
  auto booked = [](json::object fields) {
    return holds({.kind = Kind::appointment, .pattern = {}, .fields = std::move(fields)});
  };
  EXPECT_TRUE(booked({{"service", "teeth cleaning"}, {"date", "tomorrow"}, {"time", "14:00"}}));
  EXPECT_TRUE(booked({{"date", "+1"}, {"customer", "/john/"}, {"phone", "+12125550142"}}));
  EXPECT_TRUE(booked({{"date", "2026-11-28"}}));
  EXPECT_FALSE(booked({{"date", "today"}}));
  EXPECT_FALSE(booked({{"time", "15:00"}}));
  EXPECT_FALSE(booked({{"service", "filling"}}));
  EXPECT_FALSE(holds({.kind = Kind::no_appointment}));
  auto call = a_call();
  call.appointments.clear();
  EXPECT_TRUE(verdict({.kind = Kind::no_appointment}, call).passed);
  auto none = verdict({.kind = Kind::appointment}, call);
  EXPECT_FALSE(none.passed);
  EXPECT_THAT(none.found, HasSubstr("no appointment"));
}

TEST(Judge, HowTheCallWent) {
  EXPECT_TRUE(holds({.kind = Kind::outcome, .pattern = "booked"}));
  EXPECT_FALSE(holds({.kind = Kind::outcome, .pattern = "answered"}));
  EXPECT_TRUE(holds({.kind = Kind::phase, .pattern = "close"}));
  EXPECT_FALSE(holds({.kind = Kind::phase, .pattern = "objection"}));
  EXPECT_TRUE(holds({.kind = Kind::ended_by, .pattern = "agent"}));
  EXPECT_FALSE(holds({.kind = Kind::ended_by, .pattern = "caller"}));
  Expectation interrupted{.kind = Kind::interruptions};
  interrupted.count = 1;
  EXPECT_TRUE(holds(interrupted));
  interrupted.count = 2;
  EXPECT_FALSE(holds(interrupted));
}

TEST(Judge, Times) {
  Expectation latency{.kind = Kind::max_latency};
  latency.limit = milliseconds(950);
  EXPECT_TRUE(holds(latency));
  latency.limit = milliseconds(949);
  auto slow = verdict(latency);
  EXPECT_FALSE(slow.passed);
  EXPECT_EQ(slow.took, milliseconds(950));
  Expectation length{.kind = Kind::max_length};
  length.limit = std::chrono::seconds(40);
  EXPECT_TRUE(holds(length));
  length.limit = std::chrono::seconds(39);
  EXPECT_FALSE(holds(length));
}

TEST(Judge, AStepThatCouldNotBeginFailsTheCall) {
  auto call = a_call();
  call.problems = {"step 2: the agent did not say /hours/"};
  Scenario scenario;
  scenario.expect = {{.kind = Kind::outcome, .pattern = "booked"}};
  auto verdicts = judge(scenario, call);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_FALSE(all_passed(verdicts));
  EXPECT_THAT(verdicts.front().found, HasSubstr("/hours/"));
}

constexpr std::string_view told_call = R"({"id": "call_7", "businessId": "biz_1",
  "to": "+12125550100", "status": "completed", "outcome": "booked", "endReason": "caller_hung_up",
  "lengthMs": 30000, "interruptions": 1, "transcript": [
    {"who": "agent", "text": "Thank you for calling", "atMs": 2000, "interrupted": true, "latency": {}},
    {"who": "caller", "text": "a cleaning", "atMs": 4000, "interrupted": false, "latency": {}},
    {"who": "agent", "text": "You're booked (really).", "atMs": 9000, "interrupted": false,
     "latency": {"totalMs": 812}}]})";
constexpr std::string_view told_timeline = R"([
  {"atMs": 0, "kind": "session.started", "data": {}},
  {"atMs": 1900, "kind": "barge_in", "data": {"heardMs": 1700}},
  {"atMs": 2000, "kind": "agent.said", "data": {"text": "Thank you for calling Us", "interrupted": true}},
  {"atMs": 4000, "kind": "caller.said", "data": {"text": "a cleaning", "input": "speech"}},
  {"atMs": 5000, "kind": "tool", "data": {"name": "find_slots", "arguments": {"service": "s"}, "result": {}}},
  {"atMs": 6000, "kind": "tool", "data": {"name": "book_appointment", "arguments": {}, "error": "taken"}},
  {"atMs": 7000, "kind": "agent.said", "data": {"text": "Press", "interrupted": false}},
  {"atMs": 8000, "kind": "caller.said", "data": {"text": "1", "input": "keys"}}])";

TEST(ARealCall, BecomesAScenario) {
  auto call = parse_json(told_call).value();
  auto timeline = parse_json(told_timeline).value();
  auto made = scenario_of(call, timeline, "Call 7");
  EXPECT_EQ(made.business, "biz_1");
  ASSERT_EQ(made.steps.size(), 3u);
  EXPECT_EQ(made.steps[0].kind, Step::Kind::interrupt);
  EXPECT_EQ(made.steps[0].length, milliseconds(1700));
  EXPECT_EQ(made.steps[0].text, "a cleaning");
  EXPECT_EQ(made.steps[1].kind, Step::Kind::keys);
  EXPECT_EQ(made.steps[1].text, "1");
  EXPECT_EQ(made.steps[2].kind, Step::Kind::hang_up);
  ASSERT_EQ(made.expect.size(), 3u) << "a tool that failed is not expected again";
  EXPECT_EQ(made.expect[0].pattern, "find_slots");
  EXPECT_TRUE(has_pattern("You're booked (really).", made.expect[1].pattern));
  EXPECT_EQ(made.expect[2].pattern, "booked");
  auto again = read_scenarios(to_yaml(made), "made.yaml");
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(to_yaml(again->front()), to_yaml(made));
}

TEST(ARealCall, IsWhatIsJudged) {
  auto seen = observed_from(parse_json(told_call).value(), parse_json(told_timeline).value());
  EXPECT_EQ(seen.ended_by, "caller");
  EXPECT_EQ(seen.turns.at(2).latency, milliseconds(812));
  EXPECT_TRUE(seen.turns.at(0).interrupted);
  ASSERT_EQ(seen.tools.size(), 2u);
  EXPECT_EQ(seen.tools[1].error, "taken");
  EXPECT_EQ(seen.tools[0].at, std::chrono::seconds(5));
}

}  // namespace
}  // namespace parley::evals
