#include "parley/evals/scenario.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "scenario_keys.hpp"

namespace parley::evals {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view whole = R"(name: Books a cleaning
description: With everything a scenario can have.
number: "+1 212 555 0100"
business: biz_1
caller:
  voice: flite:rms
  speed: 1.2
  noise_db: 20
  phone: "+12125550142"
steps:
  - say: hello there
    when: /how can i help/
  - say: a cleaning
    when: {agent_says: "what.*like", within_ms: 5000}
  - say: tomorrow
    when: {after_ms: 1500}
  - say: at two
    when: at_once
  - interrupt: wait
    after_ms: 800
  - keys: "12#"
  - silence_ms: 3000
  - noise_db: 5
  - hang_up: true
answers:
  - {when: name, say: my name is john, times: 3}
  - {when: press, keys: "1"}
  - {when: booked, hang_up: true}
expect:
  - says: you're booked
    within_ms: 1500
  - absent: sorry
  - heard: cleaning
  - transcript: "(?s)agent.*caller"
  - tool_called: book_appointment
    arguments: {service: Teeth cleaning, count: 2, deep: {list: [1, a, true]}}
  - tool_absent: take_message
  - appointment: {service: Teeth cleaning, date: tomorrow, time: "14:00", customer: /john/, phone: "+12125550142"}
  - outcome: booked
  - phase: close
  - max_latency_ms: 2000
  - max_length_ms: 60000
  - ended_by: agent
  - interruptions: 1
repeat: 5
pass_at_least: 4
max_seconds: 90
)";

Scenario read_one(std::string_view yaml) {
  auto read = read_scenarios(yaml, "a.yaml");
  EXPECT_TRUE(read) << read.error().detail;
  return read ? read->front() : Scenario{};
}

TEST(Scenarios, AreReadWithEverythingTheyCanHave) {
  auto scenario = read_one(whole);
  EXPECT_EQ(scenario.name, "Books a cleaning");
  EXPECT_EQ(scenario.number, "+12125550100");
  EXPECT_EQ(scenario.caller.voice, "flite:rms");
  EXPECT_EQ(scenario.caller.speed, 1.2);
  EXPECT_EQ(scenario.caller.noise_db, 20);
  ASSERT_EQ(scenario.steps.size(), 9u);
  EXPECT_EQ(scenario.steps[0].when.kind, When::Kind::agent_says);
  EXPECT_EQ(scenario.steps[0].when.pattern, "how can i help");
  EXPECT_EQ(scenario.steps[1].when.within, std::chrono::seconds(5));
  EXPECT_EQ(scenario.steps[2].when.kind, When::Kind::pause);
  EXPECT_EQ(scenario.steps[3].when.kind, When::Kind::at_once);
  EXPECT_EQ(scenario.steps[4].kind, Step::Kind::interrupt);
  EXPECT_EQ(scenario.steps[4].length, std::chrono::milliseconds(800));
  EXPECT_EQ(scenario.steps[5].text, "12#");
  EXPECT_EQ(scenario.steps[6].length, std::chrono::seconds(3));
  EXPECT_EQ(scenario.steps[7].noise_db, 5);
  EXPECT_EQ(scenario.steps[8].kind, Step::Kind::hang_up);
  ASSERT_EQ(scenario.answers.size(), 3u);
  EXPECT_EQ(scenario.answers[0].times, 3);
  EXPECT_EQ(scenario.answers[1].kind, Step::Kind::keys);
  EXPECT_EQ(scenario.answers[2].kind, Step::Kind::hang_up);
  ASSERT_EQ(scenario.expect.size(), 13u);
  EXPECT_EQ(scenario.expect[0].limit, std::chrono::milliseconds(1500));
  EXPECT_EQ(json::serialize(scenario.expect[4].fields),
            R"({"service":"Teeth cleaning","count":2,"deep":{"list":[1,"a",true]}})");
  EXPECT_EQ(scenario.repeat, 5);
  EXPECT_EQ(scenario.pass_at_least, 4);
  EXPECT_EQ(scenario.longest, std::chrono::seconds(90));
}

TEST(Scenarios, AreWrittenAsTheyAreRead) {
  auto first = to_yaml(read_one(whole));
  EXPECT_EQ(to_yaml(read_one(first)), first);
  EXPECT_THAT(first, HasSubstr("interrupt"));
  EXPECT_THAT(first, HasSubstr("pass_at_least: 4"));
}

TEST(Scenarios, WhatIsUnusualIsWrittenToo) {
  auto scenario = read_one(
      "name: a\nsteps: [{say: x, when: {within_ms: 40000}}]\nanswers: [{when: //a//, say: y}]\n"
      "expect: [{says: //b//}, {tool_called: t, arguments: {n: 2.5, big: 1e999, inf: .inf}}]\n");
  EXPECT_EQ(scenario.steps[0].when.within, std::chrono::seconds(40));
  EXPECT_EQ(scenario.answers[0].when, "/a/");
  auto again = read_one(to_yaml(scenario));
  EXPECT_EQ(again.steps[0].when.within, std::chrono::seconds(40));
  EXPECT_EQ(again.answers[0].when, "/a/");
  EXPECT_EQ(again.expect[0].pattern, "/b/");
  EXPECT_EQ(again.expect[1].fields, scenario.expect[1].fields);
}

TEST(Scenarios, SeveralStandInOneFile) {
  auto read = read_scenarios(
      "name: a\nsteps: [{say: x}]\nexpect: [{says: y}]\n---\n"
      "name: b\nsteps: [{say: x}]\nexpect: [{says: y}]\n",
      "two.yaml");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ(read->back().name, "b");
}

TEST(Scenarios, AnAccentIsAVoiceOfEspeak) {
  auto scenario = read_one(
      "name: a\ncaller: {accent: en-gb-scotland}\nsteps: [{say: x}]\n"
      "expect: [{says: y}]\n");
  EXPECT_EQ(scenario.caller.voice, "espeak:en-gb-scotland");
}

/// What is wrong with a file, and what is said of it.
struct Wrong {
  const char* name;
  const char* yaml;
  const char* said;
};

class BadScenario : public ::testing::TestWithParam<Wrong> {};

TEST_P(BadScenario, IsRefusedWithItsPlace) {
  auto read = read_scenarios(GetParam().yaml, "bad.yaml");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::invalid);
  EXPECT_THAT(read.error().detail, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadScenario,
    ::testing::Values(
        Wrong{"NotYaml", "name: [\n", "bad.yaml:2:1: "},
        Wrong{"Nothing", "", "there is no scenario in it"},
        Wrong{"AList", "- a\n", "bad.yaml:1:1: a mapping is expected here"},
        Wrong{"UnknownKey", "name: a\nstepps: []\nexpect: [{says: y}]\n",
              "bad.yaml:2:1: unknown key 'stepps'; the nearest is 'steps'"},
        Wrong{"UnknownStep", "name: a\nsteps:\n  - say: x\n  - intterupt: y\nexpect: [{says: y}]\n",
              "bad.yaml:4:5: unknown key 'intterupt'; the nearest is 'interrupt'"},
        Wrong{"NothingNear", "name: a\nsteps: [{say: x}]\nexpect: [{zzzzzzzz: y}]\n",
              "unknown key 'zzzzzzzz'; known are says, absent"},
        Wrong{"NoName", "steps: [{say: x}]\nexpect: [{says: y}]\n", "'name' is missing"},
        Wrong{"NoSteps", "name: a\nexpect: [{says: y}]\n", "the caller does nothing"},
        Wrong{"NothingExpected", "name: a\nsteps: [{say: x}]\n", "nothing is expected"},
        Wrong{"TwoActs", "name: a\nsteps:\n  - {say: x, keys: \"1\"}\nexpect: [{says: y}]\n",
              "bad.yaml:3:5: a step does one thing"},
        Wrong{"KeyTwice", "name: a\nname: b\nsteps: [{say: x}]\nexpect: [{says: y}]\n",
              "bad.yaml:2:1: 'name' stands here twice"},
        Wrong{"BadPattern", "name: a\nsteps: [{say: x}]\nexpect:\n  - says: \"(\"\n",
              "bad.yaml:4:11: '(' is no regular expression"},
        Wrong{"BadKeys", "name: a\nsteps: [{keys: abc}]\nexpect: [{says: y}]\n", "keys are digits"},
        Wrong{"BadNumber", "name: a\nnumber: none\nsteps: [{say: x}]\nexpect: [{says: y}]\n",
              "bad.yaml:2:9: "},
        Wrong{"BadVoice", "name: a\ncaller: {voice: slt}\nsteps: [{say: x}]\nexpect: [{says: y}]\n",
              "a voice is flite: or espeak:"},
        Wrong{"TooFast", "name: a\ncaller: {speed: 9}\nsteps: [{say: x}]\nexpect: [{says: y}]\n",
              "a number from 0.5 to 2 is expected here"},
        Wrong{"BadWhen", "name: a\nsteps: [{say: x, when: later}]\nexpect: [{says: y}]\n",
              "'when' is at_once"},
        Wrong{"LostAfter", "name: a\nsteps: [{say: x, after_ms: 5}]\nexpect: [{says: y}]\n",
              "'after_ms' belongs to 'interrupt'"},
        Wrong{"LostArguments",
              "name: a\nsteps: [{say: x}]\nexpect: [{says: y, arguments: {a: b}}]\n",
              "'arguments' belongs to 'tool_called'"},
        Wrong{"BadAppointment",
              "name: a\nsteps: [{say: x}]\nexpect: [{appointment: {servise: b}}]\n",
              "unknown key 'servise'; the nearest is 'service'"},
        Wrong{"BadEnd", "name: a\nsteps: [{say: x}]\nexpect: [{ended_by: nobody}]\n",
              "one of agent, caller is expected here"},
        Wrong{"MorePasses",
              "name: a\nsteps: [{say: x}]\nexpect: [{says: y}]\nrepeat: 2\npass_at_least: 3\n",
              "'pass_at_least' is more than 'repeat'"},
        Wrong{"AliasOfItself",
              "name: a\nsteps: [{say: x}]\nexpect: [{tool_called: t, arguments: &a {b: *a}}]\n",
              "too much is nested here"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Scenarios, EveryProblemIsToldAtOnce) {
  auto read = read_scenarios("nme: a\nsteps: [{sai: x}]\nexpect: [{says: \"[\"}]\n", "bad.yaml");
  ASSERT_FALSE(read);
  for (auto* said :
       {"bad.yaml:1:1", "bad.yaml:2:10", "'[' is no regular expression", "'name' is missing"})
    EXPECT_THAT(read.error().detail, HasSubstr(said));
}

TEST(Scenarios, AFileThatIsTooLargeOrTooDeepIsRefused) {
  EXPECT_FALSE(read_scenarios(std::string(300 << 10, '#'), "a"));
  EXPECT_FALSE(read_scenarios(std::string(20'000, '['), "a"));
  std::string bomb =
      "name: a\nsteps: [{say: x}]\nexpect:\n - tool_called: t\n   arguments:\n"
      "    a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'h'; ++c)
    bomb += std::string("    ") + c + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) +
            ", *" + char(c - 1) + ", *" + char(c - 1) + ", *" + char(c - 1) + "]\n";
  auto read = read_scenarios(bomb, "bomb");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().detail, HasSubstr("too much is nested here"));
}

TEST(Scenarios, TheSchemaHasEveryKeyThatIsRead) {
  auto schema = scenario_schema();
  auto has = [&](const auto& keys, const json::value& at) {
    std::vector<std::string> there;
    for (const auto& member : at.at("properties").as_object()) there.emplace_back(member.key());
    std::vector<std::string> read;
    for (const auto& key : keys) read.push_back(key.name);
    EXPECT_EQ(there, read);
    EXPECT_EQ(at.at("additionalProperties"), json::value(false));
  };
  has(scenario_keys(), schema);
  has(step_keys(), schema.at("$defs").at("step"));
  has(when_keys(), schema.at("$defs").at("when"));
  has(answer_keys(), schema.at("$defs").at("answer"));
  has(caller_keys(), schema.at("$defs").at("caller"));
  has(expectation_keys(), schema.at("$defs").at("expectation"));
}

TEST(Scenarios, TheExamplesAreGood) {
  int read = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(PARLEY_SOURCE_DIR "/packaging/examples/evals")) {
    std::ifstream in(file.path());
    auto scenarios =
        read_scenarios(std::string(std::istreambuf_iterator<char>(in), {}), file.path());
    EXPECT_TRUE(scenarios) << scenarios.error().detail;
    ++read;
  }
  EXPECT_GE(read, 8);
}

}  // namespace
}  // namespace parley::evals
