#include "parley/providers/pagerduty/pagerduty.hpp"

#include <gmock/gmock.h>

#include "parley/testkit/answering_http.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::pagerduty {
namespace {

using ::testing::HasSubstr;

class PagerDutyTest : public ::testing::Test {
 protected:
  Result<void> send(alerts::AlertSink::Action action) {
    PagerDuty sink(http, {.routing_key = "0123456789abcdef0123456789abcdef", .source = "node-1"});
    return world.run([&] { return sink.send(world.context(), alert, action); });
  }
  Result<void> answered(int status) {
    http.answers = {testkit::AnsweringHttp::status(status)};
    return send(alerts::AlertSink::Action::trigger);
  }
  testkit::SimWorld world;
  testkit::AnsweringHttp http;
  alerts::Alert alert{.id = alerts::AlertId("alert_1"),
                      .what = {.key = "health/redis",
                               .severity = alerts::Severity::critical,
                               .summary = "redis is away",
                               .advice = "start it"},
                      .raised_at = *parse_rfc3339("2026-03-02T14:00:00Z"),
                      .resolved_at = {}};
};

TEST_F(PagerDutyTest, AnIncidentBeginsAndEndsUnderOneKey) {
  http.answers = {testkit::AnsweringHttp::status(202)};
  ASSERT_TRUE(send(alerts::AlertSink::Action::trigger));
  auto& request = http.requests.at(0);
  EXPECT_EQ(request.url, "https://events.pagerduty.com/v2/enqueue");
  auto event = json::parse(request.body);
  EXPECT_EQ(event.at("event_action").as_string(), "trigger");
  EXPECT_EQ(event.at("routing_key").as_string(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(event.at("dedup_key").as_string(), "alert_1");
  auto& payload = event.at("payload").as_object();
  EXPECT_EQ(payload.at("summary").as_string(), "redis is away");
  EXPECT_EQ(payload.at("severity").as_string(), "critical");
  EXPECT_EQ(payload.at("source").as_string(), "node-1");
  EXPECT_EQ(payload.at("timestamp").as_string(), "2026-03-02T14:00:00.000Z");
  ASSERT_TRUE(send(alerts::AlertSink::Action::resolve));
  event = json::parse(http.requests.at(1).body);
  EXPECT_EQ(event.at("event_action").as_string(), "resolve");
  EXPECT_EQ(event.at("dedup_key").as_string(), "alert_1");
  EXPECT_FALSE(event.as_object().contains("payload"));
}

TEST_F(PagerDutyTest, OnlyARefusalOfTheEventItselfIsFinal) {
  EXPECT_EQ(answered(400).error().code, Errc::invalid);
  EXPECT_EQ(answered(429).error().code, Errc::rate_limited);
  EXPECT_EQ(answered(500).error().code, Errc::unavailable);
  EXPECT_THAT(answered(503).error().detail, HasSubstr("503"));
}

}  // namespace
}  // namespace parley::providers::pagerduty
