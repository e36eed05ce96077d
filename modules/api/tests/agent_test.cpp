#include "api_fixture.hpp"
#include "parley/base/strings.hpp"

namespace parley::api::testing {
namespace {

class AgentRoutes : public ApiTest {
 public:
  std::string path() const { return "/businesses/" + business + "/agent"; }
  json::object tool(json::object more = {}) const {
    json::object made{{"kind", "http"},
                      {"name", "price_of"},
                      {"description", "The price of a treatment."},
                      {"url", "https://tools.example.com/price"}};
    for (const auto& [name, value] : more) made[name] = value;
    return made;
  }
};
INSTANTIATE_TEST_SUITE_P(On, AgentRoutes, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(AgentRoutes, AMindIsChangedAndShown) {
  auto before = get(path(), owner()).data();
  EXPECT_EQ(before.at("engine").as_string(), "auto");
  EXPECT_EQ(before.at("phases").as_array().size(), 6u);
  auto changed =
      send("PUT", path(), owner(),
           {{"engine", "builtin"},
            {"persona", "Warm.\nNever rushed."},
            {"phases", json::array{json::object{{"name", "triage"},
                                                {"goal", "How urgent?"},
                                                {"next", json::array{"advice"}}},
                                   json::object{{"name", "advice"}}}},
            {"pronunciations", json::array{json::object{{"word", "Nguyen"}, {"spoken", "win"}}}}});
  ASSERT_EQ(changed.status, 200) << changed.body;
  auto after = get(path(), owner()).data();
  EXPECT_EQ(after.at("engine").as_string(), "builtin");
  EXPECT_EQ(after.at("persona").as_string(), "Warm.\nNever rushed.");
  EXPECT_EQ(after.at("phases").at(0).at("next").at(0).as_string(), "advice");
  EXPECT_EQ(after.at("pronunciations").at(0).at("spoken").as_string(), "win");
  EXPECT_EQ(send("PUT", path(), owner(), {{"phases", json::array{}}})
                .data()
                .at("phases")
                .as_array()
                .size(),
            6u);
}

TEST_P(AgentRoutes, AToolsSecretIsKeptAndNeverShown) {
  auto made = send("PUT", path(), owner(),
                   {{"ownTools", json::array{tool({{"secret", "token-of-theirs"}})}}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_TRUE(made.data().at("ownTools").at(0).at("hasSecret").as_bool());
  EXPECT_EQ(made.body.find("token-of-theirs"), std::string::npos);
  EXPECT_EQ(get("/businesses/" + business, owner()).body.find("sealed"), std::string::npos);
  auto has_secret = [&](json::object more) {
    auto changed = send("PUT", path(), owner(), {{"ownTools", json::array{tool(std::move(more))}}});
    EXPECT_EQ(changed.status, 200) << changed.body;
    return changed.data().at("ownTools").at(0).at("hasSecret").as_bool();
  };
  EXPECT_TRUE(has_secret({{"effect", "reads"}}));
  EXPECT_FALSE(has_secret({{"url", "https://other.example.com/"}}))
      << "a secret does not follow to another address";
  EXPECT_TRUE(has_secret({{"secret", "token-of-theirs"}}));
  EXPECT_FALSE(has_secret({{"secret", nullptr}}));
}

TEST_P(AgentRoutes, WhatMakesNoSenseIsRefused) {
  auto phase = [](std::string_view name, json::array next) {
    return json::object{{"name", name}, {"next", std::move(next)}};
  };
  auto twice = json::array{phase("a", {}), phase("a", {})};
  for (const json::object& body : std::initializer_list<json::object>{
           {{"engine", "magic"}},
           {{"persona", std::string(8001, 'x')}},
           {{"phases", json::array{phase("Discovery!", {})}}},
           {{"phases", json::array{phase("a", {"b"})}}},
           {{"phases", twice}},
           {{"pronunciations", json::array{json::object{{"word", "a"}, {"spoken", ""}}}}},
           {{"ownTools", json::array{tool({{"name", "book_appointment"}})}}},
           {{"ownTools", json::array{tool({{"name", "end_call"}})}}},
           {{"ownTools", json::array{tool({{"name", "With Blank"}})}}},
           {{"ownTools", json::array{tool({{"url", "ftp://tools.example.com"}})}}},
           {{"ownTools", json::array{tool({{"description", ""}})}}},
           {{"ownTools", json::array{tool({{"timeLimitMs", 60000}})}}},
           {{"ownTools", json::array{tool({{"secret", "whsec_short"}})}}},
           {{"ownTools", json::array{tool(), tool()}}},
           {{"ownTools", json::array{tool({{"parameters", {{"required", "thing"}}}})}}}}) {
    auto refused = send("PUT", path(), owner(), body);
    EXPECT_TRUE(refused.status == 422 || refused.status == 400)
        << refused.status << " " << json::serialize(body);
  }
  EXPECT_EQ(get(path(), owner()).data().at("engine").as_string(), "auto");
}

}  // namespace
}  // namespace parley::api::testing
