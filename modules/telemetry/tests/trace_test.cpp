#include "parley/telemetry/trace.hpp"

#include <gmock/gmock.h>

#include "parley/testkit/sim_world.hpp"

namespace parley::trace {
namespace {

constexpr std::string_view standard = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Traceparent, ReadsTheStandardsExampleAndWritesItBack) {
  auto parsed = parse_traceparent(standard);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->context.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(parsed->context.span_id, "b7ad6b7169203331");
  EXPECT_TRUE(parsed->sampled);
  EXPECT_EQ(format_traceparent(parsed->context), standard);
  EXPECT_EQ(format_traceparent({}), "");
  auto off = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02");
  EXPECT_FALSE(off->sampled);
  EXPECT_TRUE(parse_traceparent("cc" + std::string(standard.substr(2)) + "-what-comes-later"));
}

TEST(Traceparent, IsStrict) {
  std::string good(standard);
  auto changed = [&](std::size_t at, char c) {
    auto text = good;
    text[at] = c;
    return text;
  };
  for (auto& bad : {std::string(), good.substr(0, 54), good + "-extra", good + "x", changed(2, '_'),
                    changed(35, '0'), changed(52, '0'), changed(3, 'A'), changed(10, 'g'),
                    changed(54, 'G'), "ff" + good.substr(2), "0x" + good.substr(2),
                    "cc" + good.substr(2) + "x", "00-" + std::string(32, '0') + good.substr(35),
                    good.substr(0, 36) + std::string(16, '0') + "-01"})
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

TEST(Tracer, ChildrenShareTheTrace) {
  testkit::SimWorld world;
  MemorySpanSink sink;
  Tracer tracer(world.clock(), world.random(), sink);
  Context ctx;
  ctx.organization = OrganizationId("org_1");
  {
    auto root = tracer.start("http.request", ctx, SpanKind::server);
    root.set("status", std::int64_t{200});
    root.set("status", std::int64_t{201});
    world.run_for(5ms);
    {
      auto child = tracer.start("db.write", root.context());
      EXPECT_EQ(child.context().organization, ctx.organization);
      child.fail({Errc::conflict, "slot taken"});
    }
    root.ok();
  }
  auto spans = sink.spans();
  ASSERT_EQ(spans.size(), 2u);
  auto& child = spans[0];
  auto& root = spans[1];
  EXPECT_EQ(child.context.trace_id, root.context.trace_id);
  EXPECT_EQ(child.parent_span_id, root.context.span_id);
  EXPECT_EQ(root.parent_span_id, "");
  EXPECT_EQ(root.duration, 5ms);
  EXPECT_EQ(root.start, parse_rfc3339("2026-03-02T15:00:00Z").value());
  EXPECT_EQ(root.status, SpanStatus::ok);
  EXPECT_EQ(root.kind, SpanKind::server);
  ASSERT_EQ(root.attributes.size(), 1u);
  EXPECT_EQ(root.attributes[0].second, AttributeValue(std::int64_t{201}));
  EXPECT_EQ(child.status, SpanStatus::error);
  EXPECT_EQ(child.status_message, "slot taken");
  EXPECT_TRUE(parse_traceparent(format_traceparent(root.context)));
}

TEST(Tracer, SpansEndOnceAndAreBounded) {
  testkit::SimWorld world;
  MemorySpanSink sink(3);
  Tracer tracer(world.clock(), world.random(), sink);
  auto span = tracer.start("one", {});
  for (int i = 0; i < 100; ++i) span.set("a" + std::to_string(i), true);
  span.set("a0", std::string(5000, 'x'));
  auto moved = std::move(span);
  moved.end();
  moved.end();
  moved.set("late", true);
  ASSERT_EQ(sink.spans().size(), 1u);
  EXPECT_EQ(sink.spans()[0].attributes.size(), 64u);
  EXPECT_EQ(std::get<std::string>(sink.spans()[0].attributes[0].second).size(), 1024u);
  moved = tracer.start("two", {});
  for (int i = 0; i < 5; ++i) moved = tracer.start("more", {});
  EXPECT_EQ(sink.spans().size(), 3u) << "the oldest made room";
  NoSpanSink nowhere;
  Tracer(world.clock(), world.random(), nowhere).start("none", {}).end();
}

}  // namespace
}  // namespace parley::trace
