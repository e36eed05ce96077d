#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

class WebVoiceRoutes : public ApiTest {
 protected:
  std::string path() const { return "/businesses/" + business + "/web-voice"; }
};
INSTANTIATE_TEST_SUITE_P(On, WebVoiceRoutes, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(WebVoiceRoutes, ABusinessSaysWhichPagesMayTalkToIt) {
  auto before = get(path(), owner());
  EXPECT_EQ(before.status, 200) << before.body;
  EXPECT_FALSE(before.data().at("enabled").as_bool());
  EXPECT_TRUE(before.data().at("key").is_null());
  auto set = send("PUT", path(), owner(),
                  {{"enabled", true}, {"origins", json::array{"https://WWW.example.com:443"}}});
  EXPECT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(json::serialize(set.data().at("origins")), R"(["https://www.example.com"])");
  auto snippet = std::string(set.data().at("snippet").as_string());
  EXPECT_NE(snippet.find("/widget.js\" data-business=\"wk_"), std::string::npos);
  auto kept = send("PUT", path(), owner(), {{"enabled", false}});
  EXPECT_EQ(kept.data().at("origins"), set.data().at("origins")) << "what is left out stays";
  auto renewed = send("POST", path() + "/key", owner(), nullptr);
  EXPECT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_NE(renewed.data().at("key"), set.data().at("key"));
}

TEST_P(WebVoiceRoutes, AnOriginThatIsNoneIsRefused) {
  for (auto* wrong : {"example.com", "*", "https://example.com/page", "ftp://example.com"}) {
    auto refused = send("PUT", path(), owner(), {{"origins", json::array{wrong}}});
    EXPECT_EQ(refused.status, 422) << wrong;
  }
  EXPECT_TRUE(get(path(), owner()).data().at("origins").as_array().empty());
}

}  // namespace
}  // namespace parley::api::testing
