// What only webhooks have over HTTP.

#include <gmock/gmock.h>

#include "api_fixture.hpp"
#include "parley/base/strings.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::api::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

class WebhooksOverHttp : public ApiTest {
 public:
  Answer replay(json::object range, std::string token) {
    return send("POST", "/webhook-deliveries/replay", std::move(token), std::move(range));
  }
  json::object range(WallTime from, WallTime to) {
    return {{"endpointId", endpoint}, {"from", to_rfc3339(from)}, {"to", to_rfc3339(to)}};
  }
  /// Deliveries of so many events to the endpoint, as the subscription makes them.
  void make_many(int first, int count) {
    SystemRandom system_random;
    metrics::Registry registry;
    trace::NoSpanSink spans;
    trace::Tracer tracer(clock, system_random, spans);
    auto master = auth::MasterKey::make(system_random);
    auto http = net::make_http_client(io.get_executor());
    queue::Queue queue({io.get_executor(), clock, system_random, db(), registry, tracer});
    webhooks::Endpoints endpoints(clock, system_random, db(), master);
    webhooks::Deliveries deliveries(
        {clock, system_random, db(), queue, *http, endpoints, registry});
    auto project = std::get<events::Projection>(deliveries.subscription().handler);
    ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
      for (int i = first; i < first + count; ++i) {
        store::StoredEvent happened;
        happened.id = "evt_many_" + std::to_string(i);
        happened.type = "call.ended";
        happened.time = clock.wall();
        if (auto made = project(tx, happened); !made) return made;
      }
      return {};
    }));
  }
  std::int64_t total(const std::string& path) {
    return get(path, owner()).json().at("pagination").at("total").as_int64();
  }
  static constexpr auto secret_of_bulk = "a secret of the bulk sender";
};
PARLEY_ON_BOTH_DATABASES(WebhooksOverHttp);

TEST_P(WebhooksOverHttp, ARangeOfDeliveriesIsSentAgain) {
  auto began = clock.wall() - 1s;  // with the delivery that is there already
  clock.advance(1min);
  make_many(0, 2);
  clock.advance(1min);
  auto all = range(began, clock.wall());
  auto none = replay(all, owner());
  EXPECT_EQ(none.status, 200) << none.body;
  EXPECT_EQ(none.data().at("count").as_int64(), 0) << "failed ones unless told";
  all["status"] = "any";
  auto three = replay(all, owner());
  EXPECT_EQ(three.data().at("count").as_int64(), 3);
  EXPECT_TRUE(three.data().at("nextFrom").is_null());
  auto later = range(began + 30s, clock.wall());
  later["status"] = "pending";
  EXPECT_EQ(replay(later, owner()).data().at("count").as_int64(), 2);
  later["status"] = "delivered";
  EXPECT_EQ(replay(later, owner()).data().at("count").as_int64(), 0);
}

TEST_P(WebhooksOverHttp, ARangeIsReplayedFiveHundredAtATime) {
  clock.advance(1min);
  auto began = clock.wall();
  make_many(0, 250);
  clock.advance(1s);
  make_many(250, 250);
  clock.advance(1s);
  auto rest = clock.wall();
  make_many(500, 2);
  auto wanted = range(began, rest + 1s);
  wanted["status"] = "any";
  auto first = replay(wanted, owner());
  EXPECT_EQ(first.data().at("count").as_int64(), 500) << first.body;
  EXPECT_THAT(std::string(first.data().at("nextFrom").as_string()), StartsWith(to_rfc3339(rest)));
  wanted["from"] = first.data().at("nextFrom");
  auto second = replay(wanted, owner());
  EXPECT_EQ(second.data().at("count").as_int64(), 2) << second.body;
  EXPECT_TRUE(second.data().at("nextFrom").is_null());
}

TEST_P(WebhooksOverHttp, MoreThanAreReplayedAtOnceMayBeOfOneTime) {
  clock.advance(1min);
  auto time = clock.wall();
  make_many(0, 1002);
  auto wanted = range(time, time + 1s);
  wanted["status"] = "pending";  // which they are afterwards, too
  std::vector<std::int64_t> counts;
  for (json::value next = wanted["from"]; !next.is_null() && counts.size() < 4;) {
    wanted["from"] = next;
    auto some = replay(wanted, owner());
    ASSERT_EQ(some.status, 200) << some.body;
    counts.push_back(some.data().at("count").as_int64());
    next = some.data().at("nextFrom");
  }
  EXPECT_THAT(counts, ElementsAre(500, 500, 2));
}

TEST_P(WebhooksOverHttp, ARangeThatCannotBe) {
  auto now = clock.wall();
  auto empty = replay(range(now, now), owner());
  EXPECT_EQ(empty.status, 422);
  EXPECT_EQ(empty.wrong_fields(), std::vector<std::string>{"to"});
  auto nonsense = range(now, now + 1h);
  nonsense["from"] = "yesterday";
  nonsense["status"] = "lost";
  EXPECT_EQ(replay(nonsense, owner()).wrong_fields(), (std::vector<std::string>{"from", "status"}));
  nonsense["from"] = "whd_1," + to_rfc3339(now);
  EXPECT_EQ(replay(nonsense, owner()).wrong_fields(), (std::vector<std::string>{"from", "status"}));
  EXPECT_EQ(replay(range(now - 1h, now), other_owner).status, 404) << "another organization's";
  EXPECT_EQ(replay(range(now - 1h, now), token_of(Role::viewer)).status, 403);
}

TEST_P(WebhooksOverHttp, IfMatchOfAnEndpoint) {
  auto path = "/webhook-endpoints/" + endpoint;
  auto tag = get(path, owner()).header("ETag");
  auto rotated = send("POST", path + "/rotate-secret", owner(), nullptr);
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  auto renewed = get(path, owner()).header("ETag");
  EXPECT_NE(renewed, tag) << "a rotation is a change";
  auto late = send("PATCH", path, owner(), {{"description", "x"}}, {{"If-Match", tag}});
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(late.code(), "precondition_failed");
  auto good = send("PATCH", path, owner(), {{"description", "x"}}, {{"If-Match", renewed}});
  EXPECT_EQ(good.status, 200) << good.body;
  EXPECT_NE(good.header("ETag"), renewed);
  renewed = good.header("ETag");
  EXPECT_EQ(send("PATCH", path, owner(), {{"description", "y"}}, {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(send("DELETE", path, owner(), nullptr, {{"If-Match", renewed}}).status, 412);
  renewed = get(path, owner()).header("ETag");
  EXPECT_EQ(send("DELETE", path, owner(), nullptr, {{"If-Match", tag}}).status, 412);
  EXPECT_EQ(get(path, owner()).status, 200);
  EXPECT_EQ(send("DELETE", path, owner(), nullptr, {{"If-Match", renewed}}).status, 200);
  EXPECT_EQ(get(path, owner()).status, 404);
}

TEST_P(WebhooksOverHttp, WhatIsTooLargeIs413AndIsNotKept) {
  auto before = total("/inbox");
  auto post = [&](std::size_t bytes) {
    auto made = "{\"id\":\"big\",\"type\":\"order.paid\",\"note\":\"\"}";
    auto body = std::string(made);
    body.insert(body.size() - 2, bytes - body.size(), 'x');
    auto time = std::to_string(
        std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch().count());
    auto signature = webhooks::generic_signature(secret_of_bulk, time, body);
    return ask({"POST",
                "/webhooks/generic/bulk",
                "",
                body,
                {{"x-webhook-signature", signature}, {"x-webhook-timestamp", time}}});
  };
  auto source =
      send("POST", "/webhook-sources", owner(), {{"name", "bulk"}, {"secret", secret_of_bulk}});
  ASSERT_EQ(source.status, 201) << source.body;
  auto large = post((128u << 10) + 1);
  EXPECT_EQ(large.status, 413) << large.body;
  EXPECT_EQ(large.code(), "too_large");
  EXPECT_EQ(total("/inbox"), before);
  EXPECT_EQ(post(128u << 10).status, 200) << "the largest one that is taken";
  EXPECT_EQ(total("/inbox"), before + 1);
  auto endpoints = total("/webhook-endpoints");
  auto body = "{\"url\":\"https://example.com/" + std::string(11u << 20, 'x') + "\"}";
  auto refused = ask({"POST", "/api/v1/webhook-endpoints", owner(), body, {}});
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(total("/webhook-endpoints"), endpoints);
}

}  // namespace
}  // namespace parley::api::testing
