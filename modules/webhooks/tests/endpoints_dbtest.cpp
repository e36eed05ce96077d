#include "deliveries_fixture.hpp"
#include "endpoint_breaker.hpp"

namespace parley::webhooks::testing {
namespace {

class EndpointsDbTest : public DeliveriesDbTest {};
PARLEY_ON_BOTH_DATABASES(EndpointsDbTest);

TEST_P(EndpointsDbTest, WhatMakesNoSenseIsInvalid) {
  for (auto* address : {"", "nonsense", "ftp://example.com/", "http://", "https://u:p@example.com/",
                        "file:///etc/passwd"}) {
    NewEndpoint request{address, "", {}};
    EXPECT_EQ(run([&] { return hooks->endpoints.create(ctx, request); }).error().code,
              Errc::invalid)
        << address;
  }
  for (auto* filter : {"", "*", "Call.ended", "call ended", ".*"}) {
    NewEndpoint request{"https://example.com/", "", {filter}};
    if (std::string_view(filter) == ".*") request.events[0] = ".*.*x";
    EXPECT_EQ(run([&] { return hooks->endpoints.create(ctx, request); }).error().code,
              Errc::invalid)
        << filter;
  }
}

TEST_P(EndpointsDbTest, ChangesHaveVersions) {
  auto made = endpoint("https://example.com/a");
  EXPECT_EQ(made.endpoint.version, 1);
  EXPECT_TRUE(made.secret.starts_with("whsec_"));
  EndpointChange change;
  change.description = "new";
  change.expected_version = 1;
  auto changed = run([&] { return hooks->endpoints.change(ctx, made.endpoint.id, change); });
  EXPECT_EQ(changed->version, 2);
  EXPECT_EQ(changed->url, "https://example.com/a");
  EXPECT_EQ(
      run([&] { return hooks->endpoints.change(ctx, made.endpoint.id, change); }).error().code,
      Errc::conflict);
  change.expected_version.reset();
  change.url = "nonsense";
  EXPECT_EQ(
      run([&] { return hooks->endpoints.change(ctx, made.endpoint.id, change); }).error().code,
      Errc::invalid);
}

TEST_P(EndpointsDbTest, AtMostFiftyAnOrganization) {
  for (int i = 0; i < Endpoints::max_endpoints; ++i) endpoint("https://example.com/");
  NewEndpoint request{"https://example.com/", "", {}};
  EXPECT_EQ(run([&] { return hooks->endpoints.create(ctx, request); }).error().code,
            Errc::conflict);
  EXPECT_EQ(run([&] { return hooks->endpoints.list(ctx); })->size(), 50u);
}

TEST_P(EndpointsDbTest, AnotherOrganizationsAreNotThere) {
  auto made = endpoint(url());
  happen("call.ended");
  auto id = made.endpoint.id;
  auto delivery = one().id;
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  auto& endpoints = hooks->endpoints;
  EXPECT_EQ(run([&] { return endpoints.list(others); })->size(), 0u);
  EXPECT_EQ(run([&] { return endpoints.get(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return endpoints.change(others, id, {}); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return endpoints.rotate_secret(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return endpoints.remove(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return hooks->deliveries.list(others, {}); })->total, 0);
  EXPECT_EQ(run([&] { return hooks->deliveries.get(others, delivery); }).error().code,
            Errc::not_found);
  EXPECT_EQ(run([&] { return hooks->deliveries.replay(others, delivery); }).error().code,
            Errc::not_found);
}

TEST_P(EndpointsDbTest, SecretsAreSealed) {
  auto made = endpoint(url());
  auto row = read([](store::Tx& tx) { return tx.one("SELECT * FROM webhook_endpoints"); });
  EXPECT_EQ(row->text("sealed_secret").find(made.secret.substr(6)), std::string::npos);
  master = auth::MasterKey::make(system_random);
  Endpoints wrong(clock, random, db(), master);
  auto opened = read([&](store::Tx& tx) { return wrong.secrets(tx, made.endpoint.id); });
  EXPECT_EQ(opened.error().code, Errc::corrupt);
}

TEST(EndpointBreaker, PausesGrowAndOneTriesAfterEach) {
  testkit::SettableClock clock;
  EndpointBreaker breaker(clock, {3, 30s, 1min});
  EndpointId id("whep_1");
  auto closed = [&] { return breaker.ask(id) > Duration::zero(); };
  breaker.failed(id);
  breaker.failed(id);
  EXPECT_FALSE(closed());
  breaker.failed(id);
  EXPECT_TRUE(closed());
  clock.advance(31s);
  EXPECT_FALSE(closed()) << "one may try";
  EXPECT_TRUE(closed()) << "and only one";
  breaker.failed(id);
  clock.advance(45s);
  EXPECT_TRUE(closed()) << "twice as long";
  clock.advance(20s);
  EXPECT_FALSE(closed());
  breaker.succeeded(id);
  EXPECT_FALSE(closed());
  EXPECT_FALSE(breaker.ask(EndpointId("whep_2")) > Duration::zero());
}

TEST(EndpointBreaker, RemembersABoundedNumber) {
  testkit::SettableClock clock;
  EndpointBreaker breaker(clock, {1, 30s, 1min});
  for (std::size_t i = 0; i < EndpointBreaker::max_known + 10; ++i)
    breaker.failed(EndpointId("whep_" + std::to_string(i)));
  auto last = EndpointId("whep_" + std::to_string(EndpointBreaker::max_known + 9));
  EXPECT_EQ(breaker.ask(last), Duration::zero()) << "more are not held back";
  clock.advance(31s);
  breaker.failed(last);
  EXPECT_GT(breaker.ask(last), Duration::zero()) << "those whose pause is over made room";
}

}  // namespace
}  // namespace parley::webhooks::testing
