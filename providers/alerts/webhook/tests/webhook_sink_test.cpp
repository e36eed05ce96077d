#include "parley/providers/alert_webhook/webhook_sink.hpp"

#include <gmock/gmock.h>

#include "parley/testkit/answering_http.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::alert_webhook {
namespace {

using ::testing::StartsWith;

class WebhookSinkTest : public ::testing::Test {
 protected:
  Result<void> send(alerts::AlertSink::Action action, bool with_secret = true) {
    auto secret = webhooks::StandardSecret::make(world.random());
    key = secret.text();
    WebhookSink sink(world.clock(), http, "http://10.0.0.1/alerts",
                     with_secret ? std::optional(secret) : std::nullopt);
    return world.run([&] { return sink.send(world.context(), alert, action); });
  }
  testkit::SimWorld world;
  testkit::AnsweringHttp http;
  std::string key;
  alerts::Alert alert{.id = alerts::AlertId("alert_1"),
                      .what = {.key = "health/redis",
                               .severity = alerts::Severity::warning,
                               .summary = "redis is away",
                               .advice = "start it"},
                      .raised_at = *parse_rfc3339("2026-03-02T14:00:00Z"),
                      .resolved_at = parse_rfc3339("2026-03-02T14:30:00Z").value()};
};

TEST_F(WebhookSinkTest, RaisedAndResolvedAreSignedAndToldApart) {
  ASSERT_TRUE(send(alerts::AlertSink::Action::trigger));
  auto& request = http.requests.at(0);
  EXPECT_EQ(request.url, "http://10.0.0.1/alerts");
  EXPECT_EQ(request.headers.get("webhook-id"), "alert_1-raised");
  auto secret = webhooks::StandardSecret::parse(key).value();
  EXPECT_EQ(request.headers.get("webhook-signature"),
            secret.sign("alert_1-raised", world.clock().wall(), request.body));
  auto body = json::parse(request.body);
  EXPECT_EQ(body.at("type").as_string(), "alert.raised");
  EXPECT_EQ(body.at("timestamp").as_string(), "2026-03-02T14:00:00.000Z");
  EXPECT_EQ(body.at("data").at("severity").as_string(), "warning");
  ASSERT_TRUE(send(alerts::AlertSink::Action::resolve, false));
  EXPECT_EQ(http.requests.at(1).headers.get("webhook-id"), "alert_1-resolved");
  EXPECT_FALSE(http.requests.at(1).headers.get("webhook-signature"));
  EXPECT_EQ(json::parse(http.requests.at(1).body).at("timestamp").as_string(),
            "2026-03-02T14:30:00.000Z");
}

TEST_F(WebhookSinkTest, ARefusalIsTriedAgainByWhoAsked) {
  http.answers = {testkit::AnsweringHttp::status(500)};
  auto sent = send(alerts::AlertSink::Action::trigger);
  EXPECT_EQ(sent.error().code, Errc::unavailable);
  http.answers = {fail(Errc::timeout, "no answer")};
  EXPECT_EQ(send(alerts::AlertSink::Action::trigger).error().code, Errc::timeout);
}

}  // namespace
}  // namespace parley::providers::alert_webhook
