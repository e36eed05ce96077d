#include <gtest/gtest.h>

#include "fake_socket.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::twilio {
namespace {

struct RecordingHandler final : telephony::CallHandler {
  asio::awaitable<telephony::CallAnswer> incoming(Context, telephony::IncomingCall call) override {
    calls.push_back(call);
    co_return telephony::ConnectMedia{"token1"};
  }
  Result<OrganizationId> organization_of(store::Tx&, const std::string&,
                                         const std::string&) override {
    return fail(Errc::not_found, "no call");
  }
  Result<void> status_changed(store::Tx&, const telephony::CallStatusUpdate&) override {
    return {};
  }
  Result<void> recording_changed(store::Tx&, const telephony::CarrierRecording&) override {
    return {};
  }
  Task<void> media_opened(Context, std::string token, std::string call_sid,
                          std::unique_ptr<telephony::MediaStream>) override {
    opened.emplace_back(token, call_sid);
    co_return Result<void>{};
  }
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(Context, std::string,
                                                                    std::string id) override {
    ended.push_back(id);
    co_return std::nullopt;
  }
  std::vector<telephony::IncomingCall> calls;
  std::vector<std::pair<std::string, std::string>> opened;
  std::vector<std::string> ended;
};

struct KeptInMemory final : Callbacks {
  Task<void> keep(Context, Callback callback) override {
    kept.push_back(callback);
    co_return outcome;
  }
  std::vector<Callback> kept;
  Result<void> outcome;
};

struct FakeHttp final : net::HttpClient {
  Task<net::HttpResponse> send(Context, net::OutgoingRequest request) override {
    requests.push_back(request);
    if (error) co_return std::unexpected(*error);
    auto response = net::text_response(status, "{}");
    if (!retry_after.empty()) response.headers.set("Retry-After", retry_after);
    co_return response;
  }
  std::vector<net::OutgoingRequest> requests;
  int status = 200;
  std::string retry_after;
  std::optional<Error> error;
};

struct WebhooksTest : ::testing::Test {
  testkit::SimWorld world;
  RecordingHandler handler;
  KeptInMemory callbacks;
  FakeHttp http;
  Options options{"AC1", "secret", "http://api.test", "https://voice.example.test"};
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{world.clock(), world.random(), spans};
  resilience::Policies policies{world.clock(), world.random(), registry, tracer};
  resilience::Policy& policy = policies.add("twilio", {});
  TwilioCarrier carrier{options, world.clock(), http, policy, handler, callbacks};
  net::Router router;

  WebhooksTest() { carrier.mount(router); }

  net::HttpResponse post(std::string path, net::Fields form,
                         std::optional<std::string> signature = {}) {
    net::HttpRequest request;
    request.method = net::Method::post;
    request.target = path;
    request.path = path;
    for (auto& [name, value] : form)
      request.body +=
          (request.body.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
    auto good = sign("secret", "https://voice.example.test" + path, form);
    if (!signature || !signature->empty())
      request.headers.set("X-Twilio-Signature", signature.value_or(good));
    auto match = router.match(net::Method::post, path);
    auto& route = std::get<net::Router::HttpMatch>(match);
    auto answer = world.run([&]() -> Task<net::HttpResponse> {
      auto handling = (*route.handler)(std::move(request));
      co_return co_await std::move(handling);
    });
    return *answer;
  }
  net::Fields ringing{{"CallSid", "CA1"},
                      {"From", "+12125550199"},
                      {"To", "+12125550100"},
                      {"CallStatus", "ringing"},
                      {"SomethingNew", "1"}};
};

TEST_F(WebhooksTest, ACallIsAnsweredWithItsStream) {
  auto response = post("/webhooks/twilio/call", ringing);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "text/xml; charset=utf-8");
  EXPECT_NE(response.body.find("wss://voice.example.test/media/twilio/token1"), std::string::npos);
  ASSERT_EQ(handler.calls.size(), 1u);
  EXPECT_EQ(handler.calls[0].carrier_call_id, "CA1");
  EXPECT_EQ(handler.calls[0].from, "+12125550199");
  EXPECT_EQ(post("/webhooks/twilio/voice", ringing).status, 200);
}

TEST_F(WebhooksTest, AWrongOrMissingSignatureIs403AndReachesNobody) {
  EXPECT_EQ(post("/webhooks/twilio/call", ringing, "AAAA").status, 403);
  EXPECT_EQ(post("/webhooks/twilio/call", ringing, "").status, 403);
  EXPECT_EQ(post("/webhooks/twilio/status", ringing, "AAAA").status, 403);
  EXPECT_EQ(post("/webhooks/twilio/recording", ringing, "AAAA").status, 403);
  EXPECT_EQ(post("/webhooks/twilio/continue", ringing, "AAAA").status, 403);
  EXPECT_TRUE(handler.calls.empty());
  EXPECT_TRUE(callbacks.kept.empty());
  EXPECT_TRUE(handler.ended.empty());
  EXPECT_EQ(carrier.refused(), 5u);
}

TEST_F(WebhooksTest, AWithheldCallerHasNoNumber) {
  ringing[1].second = "anonymous";
  post("/webhooks/twilio/call", ringing);
  ringing[1].second = "+266696687";
  post("/webhooks/twilio/call", ringing);
  ASSERT_EQ(handler.calls.size(), 2u);
  EXPECT_EQ(handler.calls[0].from, "");
  EXPECT_EQ(handler.calls[1].from, "");
}

TEST_F(WebhooksTest, MissingFieldsAre400) {
  EXPECT_EQ(post("/webhooks/twilio/call", {{"From", "+12125550199"}}).status, 400);
}

TEST_F(WebhooksTest, CallbacksAreAcknowledgedWhenTheyAreKept) {
  net::Fields form{{"CallSid", "CA1"}, {"CallStatus", "completed"}, {"SequenceNumber", "3"}};
  EXPECT_EQ(post("/webhooks/twilio/status", form).status, 204);
  EXPECT_EQ(post("/webhooks/twilio/recording", {{"RecordingSid", "RE1"}}).status, 204);
  ASSERT_EQ(callbacks.kept.size(), 2u);
  EXPECT_EQ(callbacks.kept[0].kind, Callback::Kind::status);
  EXPECT_EQ(callbacks.kept[0].form, form);
  EXPECT_EQ(callbacks.kept[1].kind, Callback::Kind::recording);
  callbacks.outcome = fail(Errc::unavailable, "database");
  EXPECT_EQ(post("/webhooks/twilio/status", form).status, 503) << "to be sent again";
  callbacks.outcome = fail(Errc::invalid, "not text");
  EXPECT_EQ(post("/webhooks/twilio/status", form).status, 400) << "no use in that";
}

TEST_F(WebhooksTest, WhatNextAfterTheStream) {
  auto response = post("/webhooks/twilio/continue", {{"CallSid", "CA1"}});
  EXPECT_NE(response.body.find("<Hangup/>"), std::string::npos);
  EXPECT_EQ(handler.ended, std::vector<std::string>{"CA1"});
}

TEST_F(WebhooksTest, OtherNoticesAreAcknowledged) {
  for (auto* kind : {"amd", "message"})
    EXPECT_EQ(post(std::string("/webhooks/twilio/") + kind, {{"CallSid", "CA1"}}).status, 204);
}

TEST_F(WebhooksTest, HangsUpOverRest) {
  auto hang_up = [&] { return world.run([&] { return carrier.hang_up(world.context(), "CA1"); }); };
  EXPECT_TRUE(hang_up());
  EXPECT_EQ(http.requests[0].url, "http://api.test/2010-04-01/Accounts/AC1/Calls/CA1.json");
  EXPECT_EQ(http.requests[0].body, "Status=completed");
  EXPECT_EQ(http.requests[0].headers.get("Authorization"), "Basic QUMxOnNlY3JldA==");
  http.status = 404;
  EXPECT_TRUE(hang_up()) << "a call that is over is success";
  http.status = 429;
  EXPECT_EQ(hang_up().error().code, Errc::rate_limited);
  http.status = 401;
  EXPECT_EQ(hang_up().error().code, Errc::forbidden);
  http.status = 500;
  EXPECT_EQ(hang_up().error().code, Errc::unavailable);
  http.error = Error{Errc::outcome_unknown, "cut off"};
  EXPECT_EQ(hang_up().error().code, Errc::outcome_unknown);
}

TEST_F(WebhooksTest, HangingUpIsTriedAgainAndThenLeftAloneForAWhile) {
  auto hang_up = [&] { return world.run([&] { return carrier.hang_up(world.context(), "CA1"); }); };
  http.status = 503;
  http.retry_after = "2";
  auto refused = hang_up();
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(refused.error().retry_after, 2s);
  EXPECT_EQ(http.requests.size(), 3u);
  EXPECT_GE(world.elapsed(), 4s) << "Retry-After is waited for, twice";
  for (int i = 0; i < 5; ++i) (void)hang_up();
  ASSERT_EQ(policy.snapshot().breaker, resilience::BreakerState::open);
  auto asked = http.requests.size();
  EXPECT_EQ(hang_up().error().code, Errc::unavailable);
  EXPECT_EQ(http.requests.size(), asked) << "not asked while the breaker is open";
  http.status = 200;
  ASSERT_TRUE(policies.reset("twilio"));
  EXPECT_TRUE(hang_up());
}

}  // namespace
}  // namespace parley::providers::twilio
