#include <gtest/gtest.h>

#include "call_records.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::calls {
namespace {

/// A journal that never writes.
class NoDatabase final : public store::Database {
 public:
  Kind kind() const noexcept override { return Kind::sqlite; }
  void on_commit(std::function<void()>) override {}
  void close() override {}

 private:
  void submit(Mode, Context, Body, Done done) override { done(fail(Errc::unavailable, "none")); }
};

TEST(CallJournal, ATurnIsASpanFromTheLastWordToTheFirstSound) {
  testkit::SimWorld world;
  trace::MemorySpanSink sink;
  trace::Tracer tracer(world.clock(), world.random(), sink);
  NoDatabase database;
  WorkerPool files{{.name = "files", .threads = 1}};
  auto now = world.clock().wall();
  {
    auto ledger = std::make_shared<CallLedger>(database, files, CallId("call_1"), "none.owed");
    CallJournal journal(ledger, world.clock(), tracer, world.context());
    journal.add({.kind = "agent.said", .data = {{"text", "Hello"}}});
    json::object latency{{"recognitionMs", 80}, {"totalMs", 420}};
    journal.add({.kind = "agent.said", .data = {{"text", "At two"}, {"latency", latency}}});
  }
  auto spans = sink.spans();
  ASSERT_EQ(spans.size(), 2U);
  auto& turn = spans[0];
  auto& call = spans[1];
  EXPECT_EQ(turn.name, "call.turn");
  EXPECT_EQ(turn.parent_span_id, call.context.span_id);
  EXPECT_EQ(turn.duration, 420ms);
  EXPECT_EQ(turn.start, now - 420ms);
  ASSERT_EQ(turn.attributes.size(), 2U);
  EXPECT_EQ(turn.attributes[0].first, "latency.recognitionMs");
  EXPECT_EQ(std::get<std::int64_t>(turn.attributes[0].second), 80);
  EXPECT_EQ(call.name, "call");
  EXPECT_EQ(std::get<std::string>(call.attributes.at(0).second), "call_1");
}

}  // namespace
}  // namespace parley::calls
