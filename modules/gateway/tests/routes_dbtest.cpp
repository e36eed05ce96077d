#include "gateway_fixture.hpp"

namespace parley::gateway::testing {
namespace {

class RoutesDbTest : public GatewayTest {
 protected:
  static RouteSpec spec(const std::string& path, const std::string& url,
                        const std::string& more = "") {
    auto value = parse_json(route(path, {url}, more));
    return parse_route(*value, Reach::any).value();
  }
  Context of(const std::string& organization) {
    Context ctx = this->ctx;
    ctx.organization = OrganizationId(organization);
    return ctx;
  }
  void open_with(Reach reach) {
    options.reach = reach;
    open("");
  }
};
PARLEY_ON_BOTH_DATABASES(RoutesDbTest);

TEST_P(RoutesDbTest, AreServedUnderTheirOrganizationAtOnce) {
  EchoTarget target(loop);
  open_with(Reach::any);
  auto made = loop.run(gateway->create(of("org_a"), spec("/shop", target.url())));
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(Gateway::address_of(*made), "/gateway/org_a/shop");
  auto answer = get("/gateway/org_a/shop/1?x=2");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(shown(answer)["target"], "/shop/1?x=2");
  EXPECT_EQ(answer.field("Content-Security-Policy"), "sandbox allow-scripts allow-forms");
  EXPECT_EQ(get("/shop/1").status, 404);
  EXPECT_EQ(get("/gateway/org_b/shop/1").status, 404);

  auto changed = loop.run(gateway->replace(
      of("org_a"), made->id, spec("/shop", target.url("/v2"), R"("stripPrefix": true)"), 1));
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(shown(get("/gateway/org_a/shop/1"))["target"], "/v2/1");
  EXPECT_EQ(loop.run(gateway->list(of("org_a")))->size(), 1u);
  ASSERT_TRUE(loop.run(gateway->remove(of("org_a"), made->id)));
  EXPECT_EQ(get("/gateway/org_a/shop/1").status, 404);
}

TEST_P(RoutesDbTest, OtherOrganizationsDoNotSeeThem) {
  EchoTarget target(loop);
  open_with(Reach::any);
  auto made = loop.run(gateway->create(of("org_a"), spec("/shop", target.url()))).value();
  EXPECT_EQ(loop.run(gateway->get(of("org_b"), made.id)).error().code, Errc::not_found);
  EXPECT_EQ(loop.run(gateway->remove(of("org_b"), made.id)).error().code, Errc::not_found);
  auto changed = loop.run(gateway->replace(of("org_b"), made.id, spec("/x", target.url()), {}));
  EXPECT_EQ(changed.error().code, Errc::not_found);
  EXPECT_TRUE(loop.run(gateway->list(of("org_b")))->empty());
  EXPECT_TRUE(gateway->targets(OrganizationId("org_b")).empty());
  EXPECT_EQ(gateway->targets(OrganizationId("org_a")).size(), 1u);
}

TEST_P(RoutesDbTest, ATokenOfAnotherOrganizationMeets404) {
  EchoTarget target(loop);
  open_with(Reach::any);
  auto value = parse_json(R"({"path": "/safe", "targets": [{"url": ")" + target.url() + R"("}]})");
  auto safe = parse_route(*value, Reach::any).value();
  ASSERT_TRUE(loop.run(gateway->create(of("org_a"), safe)));
  EXPECT_EQ(get("/gateway/org_a/safe", "Authorization: Bearer owner@org_b\r\n").status, 404);
  EXPECT_EQ(get("/gateway/org_a/safe", "Authorization: Bearer viewer@org_a\r\n").status, 200);
}

TEST_P(RoutesDbTest, ThePlaceIsTakenOnce) {
  open_with(Reach::any);
  const std::string url = "http://192.0.2.1";
  auto create = [&](const std::string& path, const std::string& more = "") {
    return loop.run(gateway->create(of("org_a"), spec(path, url, more)));
  };
  ASSERT_TRUE(create("/shop/{id}", R"("methods": ["GET"])"));
  EXPECT_EQ(create("/shop/{other}").error().code, Errc::conflict);
  EXPECT_TRUE(create("/shop/{id}", R"("methods": ["POST"])"));
  EXPECT_TRUE(create("/shop/{id}", R"("match": "exact")"));
  EXPECT_TRUE(loop.run(gateway->create(of("org_b"), spec("/shop/{id}", url))));
  auto first = loop.run(gateway->list(of("org_a"))).value().front();
  auto stale = loop.run(gateway->replace(of("org_a"), first.id, first.spec, 7));
  EXPECT_EQ(stale.error().code, Errc::conflict);
}

TEST_P(RoutesDbTest, AnOrganizationReachesNoPrivateAddresses) {
  EchoTarget target(loop);
  open_with(Reach::public_only);
  // Written while it was allowed, or a name that leads there: looked at when connecting.
  ASSERT_TRUE(loop.run(gateway->create(of("org_a"), spec("/in", target.url()))));
  auto answer = get("/gateway/org_a/in");
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(answer.code(), "gateway_target_forbidden");
  EXPECT_EQ(target.asked, 0);
  auto upgrade = get("/gateway/org_a/in",
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  EXPECT_EQ(upgrade.code(), "gateway_target_forbidden");
}

TEST_P(RoutesDbTest, OtherNodesSeeChangesByTheirReload) {
  EchoTarget target(loop);
  options.reload = 20ms;
  open_with(Reach::any);
  auto other = open_another();
  Routes routes(real_clock, system_random, *other);
  ASSERT_TRUE(loop.run(routes.create(of("org_a"), spec("/late", target.url()))));
  until([&] { return get("/gateway/org_a/late").status == 200; });
}

}  // namespace
}  // namespace parley::gateway::testing
