#include "parley/providers/otlp/exporter.hpp"

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>

#include "parley/base/json.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/answering_http.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::otlp {
namespace {

using ::testing::HasSubstr;

using testkit::AnsweringHttp;

class ExporterTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(log::configure({.level = log::Level::off})); }
  void TearDown() override { stop(); }
  void start(Options options = {}) {
    if (options.endpoint.empty()) options.endpoint = "http://collector:4318";
    options.service_version = "1.2.3";
    exporter = std::make_unique<Exporter>(world.clock(), registry, options);
    tasks = std::make_unique<TaskGroup>(world.executor());
    tasks->spawn("export", [this] { return exporter->run(collector); });
  }
  void stop() {
    if (!tasks) return;
    (void)world.run([this]() -> Task<void> {
      auto stopping = tasks->stop();
      co_await std::move(stopping);
      co_return Result<void>{};
    });
    tasks.reset();
  }
  trace::Tracer tracer() { return {world.clock(), world.random(), *exporter}; }
  json::value body(std::size_t request) { return json::parse(collector.requests.at(request).body); }
  static const json::array& spans_in(const json::value& body) {
    return body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").as_array();
  }

  testkit::SimWorld world;
  metrics::Registry registry;
  AnsweringHttp collector;
  std::unique_ptr<Exporter> exporter;
  std::unique_ptr<TaskGroup> tasks;
};

TEST_F(ExporterTest, SpansGoOutAsOtlpHasThem) {
  start({.endpoint = "http://collector:4318", .headers = {{"x-key", "secret"}}});
  Context ctx;
  {
    auto traces = tracer();
    auto parent = traces.start("GET /health", ctx, trace::SpanKind::server);
    auto child = traces.start("twilio.call", parent.context(), trace::SpanKind::client);
    world.run_for(20ms);
    child.set("http.response.status_code", std::int64_t{503});
    child.set("retried", true);
    child.set("ratio", 0.5);
    child.set("peer", std::string("api"));
    child.fail({Errc::unavailable, "busy"});
    child.end();
  }
  world.run_for(6s);
  ASSERT_EQ(collector.requests.size(), 1U);
  auto& request = collector.requests[0];
  EXPECT_EQ(request.url, "http://collector:4318/v1/traces");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(request.headers.get("x-key"), "secret");
  auto sent = body(0);
  EXPECT_THAT(request.body,
              HasSubstr(R"({"key":"service.name","value":{"stringValue":"parley"}})"));
  EXPECT_THAT(request.body, HasSubstr(R"("service.version","value":{"stringValue":"1.2.3"})"));
  auto& spans = spans_in(sent);
  ASSERT_EQ(spans.size(), 2U);
  auto& child = spans[0].as_object();
  auto& parent = spans[1].as_object();
  EXPECT_EQ(child.at("kind").as_int64(), 3);
  EXPECT_EQ(parent.at("kind").as_int64(), 2);
  EXPECT_EQ(child.at("parentSpanId"), parent.at("spanId"));
  EXPECT_EQ(child.at("traceId"), parent.at("traceId"));
  EXPECT_EQ(child.at("traceId").as_string().size(), 32U);
  EXPECT_FALSE(parent.contains("parentSpanId"));
  auto nanoseconds = [&](const char* field) {
    return std::stoll(child.at(field).as_string().c_str());
  };
  EXPECT_EQ(nanoseconds("endTimeUnixNano") - nanoseconds("startTimeUnixNano"), 20'000'000);
  EXPECT_EQ(nanoseconds("startTimeUnixNano") / 1'000'000'000, 1772463600);
  EXPECT_EQ(json::serialize(child.at("status")), R"({"code":2,"message":"busy"})");
  auto attributes = json::serialize(child.at("attributes"));
  EXPECT_THAT(attributes, HasSubstr(R"({"intValue":"503"})"));
  EXPECT_THAT(attributes, HasSubstr(R"({"boolValue":true})"));
  EXPECT_THAT(attributes, HasSubstr(R"({"stringValue":"api"})"));
  EXPECT_THAT(registry.text(), HasSubstr("parley_trace_spans_sent_total 2"));
}

TEST_F(ExporterTest, ManySpansGoInBatches) {
  start({.batch = 10});
  auto traces = tracer();
  for (int i = 0; i < 25; ++i) traces.start("one", {});
  world.run_for(6s);
  ASSERT_EQ(collector.requests.size(), 3U);
  EXPECT_EQ(spans_in(body(2)).size(), 5U);
}

TEST_F(ExporterTest, ACollectorThatIsAwayIsTriedAgain) {
  collector.answers = {fail(Errc::unavailable, "refused"), AnsweringHttp::status(503),
                       AnsweringHttp::status(429, "20"), AnsweringHttp::status(200)};
  start();
  tracer().start("one", {});
  world.run_for(1s);
  EXPECT_EQ(collector.requests.size(), 1U);
  world.run_for(6s);
  EXPECT_EQ(collector.requests.size(), 3U);
  world.run_for(15s);
  EXPECT_EQ(collector.requests.size(), 3U) << "Retry-After was 20 s";
  world.run_for(10s);
  EXPECT_EQ(collector.requests.size(), 4U);
  EXPECT_EQ(collector.requests[0].body, collector.requests[3].body);
  EXPECT_THAT(registry.text(), HasSubstr("parley_trace_spans_sent_total 1"));
}

TEST_F(ExporterTest, WhatTheCollectorRefusesIsDroppedAndCounted) {
  collector.answers = {AnsweringHttp::status(400), AnsweringHttp::status(200)};
  start();
  tracer().start("bad", {});
  world.run_for(6s);
  tracer().start("good", {});
  world.run_for(6s);
  EXPECT_EQ(collector.requests.size(), 2U);
  EXPECT_THAT(registry.text(), HasSubstr("parley_trace_spans_dropped_total 1"));
}

TEST_F(ExporterTest, AFullQueueDropsInsteadOfWaiting) {
  collector.answers = {fail(Errc::unavailable, "refused")};
  start({.max_queued = 100, .batch = 10});
  auto traces = tracer();
  for (int i = 0; i < 1000; ++i) traces.start("one", {});
  EXPECT_THAT(registry.text(), HasSubstr("parley_trace_spans_dropped_total 900"));
}

TEST_F(ExporterTest, WhatIsLeftIsSentBeforeTheEnd) {
  start();
  stop();
  tracer().start("last", {});
  (void)world.run([this]() -> Task<void> {
    auto flushing = exporter->flush(collector, world.clock().now() + 2s);
    co_await std::move(flushing);
    co_return Result<void>{};
  });
  EXPECT_EQ(collector.requests.size(), 1U);
}

TEST_F(ExporterTest, WithoutAnEndpointNothingIsKept) {
  exporter = std::make_unique<Exporter>(world.clock(), registry, Options{});
  tracer().start("one", {});
  (void)world.run([this]() -> Task<void> {
    auto running = exporter->run(collector);
    co_await std::move(running);
    co_return Result<void>{};
  });
  EXPECT_TRUE(collector.requests.empty());
}

}  // namespace
}  // namespace parley::providers::otlp
