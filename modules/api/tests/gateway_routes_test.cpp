#include "api_fixture.hpp"

namespace parley::api::testing {
namespace {

class GatewayRoutesTest : public ApiTest {
 protected:
  static json::object body(const std::string& path) {
    return {{"path", path}, {"targets", json::array{{{"url", "https://a.example"}}}}};
  }
};
INSTANTIATE_TEST_SUITE_P(On, GatewayRoutesTest, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(GatewayRoutesTest, AreMadeShownChangedAndRemoved) {
  auto made = send("POST", "/gateway/routes", owner(), body("/shop"));
  ASSERT_EQ(made.status, 201) << made.body;
  auto id = std::string(made.data().at("id").as_string());
  EXPECT_EQ(made.data().at("address").as_string(),
            "/gateway/" + first.organization.id.str() + "/shop");
  auto path = "/gateway/routes/" + id;
  auto shown = get(path, owner());
  EXPECT_EQ(shown.data().at("path"), "/shop");
  auto changed = body("/shop");
  changed["retries"] = 0;
  EXPECT_EQ(send("PUT", path, owner(), changed, {{"If-Match", "\"v7\""}}).status, 412);
  auto put = send("PUT", path, owner(), changed, {{"If-Match", "\"v1\""}});
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.data().at("retries"), 0);
  EXPECT_EQ(send("DELETE", path, owner(), nullptr, {{"If-Match", "\"v1\""}}).status, 412);
  EXPECT_EQ(send("DELETE", path, owner(), nullptr).status, 200);
  EXPECT_EQ(get(path, owner()).code(), "gateway_route_not_found");
}

TEST_P(GatewayRoutesTest, TheSameKeyMakesOneRoute) {
  auto once = [&] {
    return send("POST", "/gateway/routes", owner(), body("/once"), {{"Idempotency-Key", "k1"}});
  };
  auto one = once();
  ASSERT_EQ(one.status, 201) << one.body;
  EXPECT_EQ(once().data().at("id"), one.data().at("id"));
  EXPECT_EQ(send("POST", "/gateway/routes", owner(), body("/once")).status, 409);
}

TEST_P(GatewayRoutesTest, FaultsAreNamedByField) {
  auto wrong = body("/shop");
  wrong["rewrite"] = "/x/{id}";
  wrong["targets"] =
      json::array{{{"url", "http://127.0.0.1:9"}}, {{"url", "https://a.example/?q"}}};
  auto answer = send("POST", "/gateway/routes", owner(), wrong);
  EXPECT_EQ(answer.status, 422);
  for (auto fault :
       {"\"rewrite\"", "\"targets.0.url\"", "not a public address", "\"targets.1.url\""})
    EXPECT_NE(answer.body.find(fault), std::string::npos) << fault << answer.body;
}

TEST_P(GatewayRoutesTest, TargetsAreShownWithTheirState) {
  auto answer = get("/gateway/targets", owner());
  ASSERT_EQ(answer.status, 200) << answer.body;
  auto target = answer.data().at(0);
  EXPECT_EQ(target.at("routeId").as_string(), gateway_route);
  EXPECT_EQ(target.at("url"), "https://crm.example.com");
  EXPECT_EQ(target.at("healthy"), true);
  EXPECT_EQ(target.at("breaker"), "closed");
}

}  // namespace
}  // namespace parley::api::testing
