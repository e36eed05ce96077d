#include "profile_rules.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "profile_json.hpp"

namespace parley::business {
namespace {

Profile good_profile() {
  Profile profile;
  profile.name = "Bright Smiles";
  profile.hours[1] = {{9h, 12h}, {13h, 17h}};
  profile.resources = {{ResourceId("res_1"), "Dr. Lee"}};
  Service service;
  service.id = ServiceId("svc_1");
  service.name = "Cleaning";
  service.aliases = {"check-up"};
  service.price_minor = 9900;
  service.resources = {ResourceId("res_1")};
  profile.services = {service};
  profile.holidays = {
      {HolidayId("hol_1"), calendar::parse_date("2026-12-25").value(), "Christmas", {}}};
  return profile;
}

TEST(ProfileRules, AGoodProfilePassesAndSurvivesStorage) {
  auto profile = good_profile();
  profile.agent.speed = 1.25;
  profile.status = BusinessStatus::suspended;
  ASSERT_TRUE(check_profile(profile)) << check_profile(profile).error().detail;
  Profile read;
  profile_from_json(json::parse(json::serialize(profile_to_json(profile))), read);
  EXPECT_EQ(json::serialize(profile_to_json(read)), json::serialize(profile_to_json(profile)));
  EXPECT_EQ(read.hours, profile.hours);
  EXPECT_EQ(read.services[0].price_minor, 9900);
  EXPECT_EQ(read.holidays[0].date, profile.holidays[0].date);
  EXPECT_EQ(read.status, BusinessStatus::suspended);
  EXPECT_DOUBLE_EQ(read.agent.speed, 1.25);
}

struct Wrong {
  const char* what;
  const char* field;
  void (*spoil)(Profile&);
};

TEST(ProfileRules, RefusesEachWrongFieldByName) {
  static const Wrong cases[] = {
      {"no name", "name", [](Profile& p) { p.name = "  "; }},
      {"long name", "name", [](Profile& p) { p.name.assign(121, 'x'); }},
      {"line break in the name", "name", [](Profile& p) { p.name = "a\r\nb"; }},
      {"not UTF-8", "address", [](Profile& p) { p.address = "\xff"; }},
      {"email", "email", [](Profile& p) { p.email = "nobody"; }},
      {"unknown zone", "timeZone", [](Profile& p) { p.time_zone = "Mars/Olympus"; }},
      {"hours backwards", "hours", [](Profile& p) { p.hours[2] = {{17h, 9h}}; }},
      {"empty span", "hours", [](Profile& p) { p.hours[2] = {{9h, 9h}}; }},
      {"hours overlap", "hours", [](Profile& p) { p.hours[2] = {{9h, 12h}, {11h, 17h}}; }},
      {"past midnight", "hours", [](Profile& p) { p.hours[2] = {{20h, 26h}}; }},
      {"too many spans", "hours",
       [](Profile& p) {
         for (int i = 0; i < 9; ++i)
           p.hours[2].push_back({std::chrono::hours{i * 2}, std::chrono::hours{i * 2 + 1}});
       }},
      {"no such day", "holiday",
       [](Profile& p) { p.holidays[0].date = calendar::Date{std::chrono::year{2026} / 2 / 30}; }},
      {"holiday twice", "holiday",
       [](Profile& p) { p.holidays.push_back({{}, p.holidays[0].date, "", {}}); }},
      {"service without a name", "service name", [](Profile& p) { p.services[0].name = ""; }},
      {"same name twice", "services",
       [](Profile& p) {
         p.services.push_back(p.services[0]);
         p.services[1].id = {};
         p.services[1].name = "CLEANING";
       }},
      {"no duration", "service duration", [](Profile& p) { p.services[0].duration = 0min; }},
      {"endless duration", "service duration", [](Profile& p) { p.services[0].duration = 25h; }},
      {"negative buffer", "buffer before", [](Profile& p) { p.services[0].buffer_before = -1min; }},
      {"negative price", "service price", [](Profile& p) { p.services[0].price_minor = -1; }},
      {"currency", "currency", [](Profile& p) { p.services[0].currency = "usd"; }},
      {"unknown resource", "service 'Cleaning'",
       [](Profile& p) { p.services[0].resources = {ResourceId("res_9")}; }},
      {"too many services", "services",
       [](Profile& p) {
         Service one = p.services[0];
         one.id = {};
         for (int i = 0; i < 200; ++i) {
           one.name = "service " + std::to_string(i);
           p.services.push_back(one);
         }
       }},
      {"resource without a name", "resource name", [](Profile& p) { p.resources[0].name = ""; }},
      {"negative notice", "notice", [](Profile& p) { p.booking.minimum_notice = -1min; }},
      {"no horizon", "furthest ahead",
       [](Profile& p) { p.booking.furthest_ahead = std::chrono::days{0}; }},
      {"no step", "slot step", [](Profile& p) { p.booking.slot_step = 0min; }},
      {"speed", "agent speed",
       [](Profile& p) { p.agent.speed = std::numeric_limits<double>::quiet_NaN(); }},
      {"language", "agent language", [](Profile& p) { p.agent.language = "en US; rm"; }},
      {"call length", "longest call", [](Profile& p) { p.agent.max_call_length = 1s; }},
  };
  for (const auto& wrong : cases) {
    auto profile = good_profile();
    wrong.spoil(profile);
    auto checked = check_profile(profile);
    ASSERT_FALSE(checked) << wrong.what;
    EXPECT_EQ(checked.error().code, Errc::invalid) << wrong.what;
    EXPECT_TRUE(checked.error().detail.starts_with(wrong.field))
        << wrong.what << ": " << checked.error().detail;
  }
}

Agent minded_agent() {
  Agent agent;
  agent.id = AgentId("agent_1");
  agent.engine = Agent::Engine::builtin;
  agent.persona = "Warm.";
  agent.phases = {{"triage", "How urgent?", {"advice"}}, {"advice", "", {}}};
  agent.pronunciations = {{"Nguyen", "win"}};
  OwnTool tool;
  tool.kind = OwnTool::Kind::mcp;
  tool.name = "home";
  tool.url = "https://tools.example.com/mcp";
  tool.effect = OwnTool::Effect::reads;
  tool.time_limit = std::chrono::milliseconds(750);
  tool.sealed_secret = "c2VhbGVk";
  agent.own_tools = {tool};
  return agent;
}

TEST(AgentMind, SurvivesStorageAndIsMissingFromOlderRows) {
  auto profile = good_profile();
  profile.agent = minded_agent();
  ASSERT_TRUE(check_profile(profile)) << check_profile(profile).error().detail;
  auto stored = profile_to_json(profile);
  Profile read;
  profile_from_json(json::parse(json::serialize(stored)), read);
  EXPECT_EQ(read.agent.engine, Agent::Engine::builtin);
  EXPECT_EQ(read.agent.persona, "Warm.");
  EXPECT_EQ(read.agent.phases, profile.agent.phases);
  EXPECT_EQ(read.agent.pronunciations, profile.agent.pronunciations);
  EXPECT_EQ(read.agent.own_tools, profile.agent.own_tools);
  for (auto field : {"engine", "persona", "phases", "pronunciations", "ownTools"})
    stored["agent"].as_object().erase(field);
  Profile older;
  profile_from_json(stored, older);
  EXPECT_EQ(older.agent.engine, Agent::Engine::automatic);
  EXPECT_TRUE(older.agent.own_tools.empty());
}

TEST(AgentMind, RefusesWhatMakesNoSense) {
  auto refused = [](auto change) {
    auto profile = good_profile();
    profile.agent = minded_agent();
    change(profile.agent);
    auto checked = check_profile(profile);
    return !checked && checked.error().code == Errc::invalid;
  };
  EXPECT_FALSE(refused([](Agent&) {}));
  EXPECT_TRUE(refused([](Agent& a) { a.persona = std::string(8001, 'x'); }));
  EXPECT_TRUE(refused([](Agent& a) { a.phases[0].next = {"moon"}; }));
  EXPECT_TRUE(refused([](Agent& a) { a.phases[1].name = "triage"; }));
  EXPECT_TRUE(refused([](Agent& a) { a.phases[1].name = "Über"; }));
  EXPECT_TRUE(refused([](Agent& a) { a.phases.resize(21, {"x", "", {}}); }));
  EXPECT_TRUE(refused([](Agent& a) { a.pronunciations.push_back({"NGUYEN", "x"}); }));
  EXPECT_TRUE(refused([](Agent& a) { a.pronunciations[0].spoken = "a\nb"; }));
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools[0].name = "find_slots"; }));
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools[0].url = "file:///etc/passwd"; }));
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools[0].time_limit = std::chrono::minutes(1); }));
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools.push_back(a.own_tools[0]); }));
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools[0].kind = OwnTool::Kind::http; }));  // undescribed
  EXPECT_TRUE(refused([](Agent& a) { a.own_tools[0].parameters = {{"required", 5}}; }));
  json::value deep = json::object{{"type", "object"}};
  for (int i = 0; i < 10; ++i) deep = json::object{{"properties", json::object{{"a", deep}}}};
  EXPECT_TRUE(refused([&](Agent& a) { a.own_tools[0].parameters = deep.as_object(); }));
  for (const auto& phase : default_phases())
    for (const auto& next : phase.next)
      EXPECT_NE(std::ranges::find(default_phases(), next, &AgentPhase::name),
                default_phases().end());
}

TEST(Profile, HolidaysReplaceTheHoursOfTheWeek) {
  auto profile = good_profile();
  auto monday = calendar::parse_date("2026-03-02").value();
  EXPECT_EQ(profile.hours_on(monday).size(), 2u);
  profile.holidays.push_back({{}, monday, "Half day", {{9h, 11h}}});
  EXPECT_EQ(profile.hours_on(monday), (DayHours{{9h, 11h}}));
  EXPECT_EQ(profile.holiday_on(monday)->name, "Half day");
  EXPECT_TRUE(profile.hours_on(calendar::parse_date("2026-12-25").value()).empty());
  EXPECT_EQ(profile.service(ServiceId("svc_2")), nullptr);
}

}  // namespace
}  // namespace parley::business
