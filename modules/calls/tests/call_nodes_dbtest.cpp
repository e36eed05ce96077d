#include "../src/call_nodes.hpp"
#include "calls_fixture.hpp"

namespace parley::calls {
namespace {

class CallNodesDbTest : public testing::CallsDbTest {
 protected:
  /// A call that the node "node_of_another_house" holds, which beats at `beat`.
  Call call_of_another_node(std::int64_t beat) {
    ring();
    auto call = await_call([](auto&) { return true; });
    EXPECT_TRUE(write([&](store::Tx& tx) -> Result<std::int64_t> {
      auto held = tx.execute(
          "UPDATE calls SET status = 'in_progress', answered_at = ?1, node = ?2 WHERE id = ?3",
          {tx.now(), other, call.id});
      if (!held) return held;
      return tx.execute("INSERT INTO call_nodes (node, beat) VALUES (?1, ?2)", {other, beat});
    }));
    return call;
  }
  CallStatus status_of(const CallId& id) {
    return run([&] { return service->get(ctx, id); }).value().status;
  }
  std::int64_t own_beat() {
    auto row = read([&](store::Tx& tx) {
      return tx.one("SELECT COALESCE(MAX(beat), 0) AS beat FROM call_nodes WHERE node <> ?1",
                    {other});
    });
    return row.value().integer("beat");
  }
  /// Time passes until the service has looked once more.
  void one_turn() {
    auto before = own_beat();
    pass_time(1s, [&] { return own_beat() != before; });
  }
  bool other_is_known() {
    auto rows = read([&](store::Tx& tx) {
      return tx.query("SELECT node FROM call_nodes WHERE node = ?1", {other});
    });
    return !rows.value().empty();
  }
  void beat_of_other() {
    ASSERT_TRUE(write([&](store::Tx& tx) {
      return tx.execute("UPDATE call_nodes SET beat = beat + 1 WHERE node = ?1", {other});
    }));
  }
  const std::string other = "node_of_another_house";
};
PARLEY_ON_DATABASE(CallNodesDbTest, postgresql);

TEST_P(CallNodesDbTest, ANodeThatStartsLeavesTheCallsOfOthersAlone) {
  auto call = call_of_another_node(1);
  start_service();
  EXPECT_EQ(status_of(call.id), CallStatus::in_progress);
}

TEST_P(CallNodesDbTest, ACallThatRunsIsOfItsNodeAndAnotherStartDoesNotTouchIt) {
  start_service();
  auto token = token_of(ring());
  auto second_spool = folder() / "second";
  auto meanwhile = [&]() -> Task<int> {
    CallServiceParts parts{*database,  clock, random, businesses, *objects,         dialogues,
                           recognizer, beep,  files,  tracer,     io.get_executor()};
    auto made = options();
    made.spool = second_spool;
    auto second = make_call_service(parts, made);
    auto starting = second->start();
    co_await std::move(starting);
    auto listing = second->list(ctx, {});
    auto list = co_await std::move(listing);
    EXPECT_EQ(list.value().items.at(0).status, CallStatus::in_progress);
    auto stopping = second->stop(clock.now() + 10s);
    co_await std::move(stopping);
    co_return 0;
  };
  ASSERT_TRUE(talk(token, hung_up, meanwhile));
  auto call = await_call([](auto& c) { return c.ended.has_value(); });
  EXPECT_EQ(call.status, CallStatus::completed);
}

TEST_P(CallNodesDbTest, WhatAnEarlierProcessOfThisNodeHeldIsInterrupted) {
  auto call = die_in_a_call(32'000);
  auto own = kept_node_name(folder() / "spool" / "node", random);
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute("UPDATE calls SET node = ?1 WHERE id = ?2", {own, call.id});
  }));
  make_service();
  start_service();
  EXPECT_EQ(status_of(call.id), CallStatus::interrupted);
}

TEST_P(CallNodesDbTest, WhatANodeHeldThatIsGoneIsInterrupted) {
  auto call = call_of_another_node(7);
  start_service();
  for (int i = 0; i < 6; ++i) one_turn();
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  EXPECT_FALSE(other_is_known());
}

TEST_P(CallNodesDbTest, ANodeThatBeatsIsNotGone) {
  auto call = call_of_another_node(1);
  start_service();
  for (int i = 0; i < 12; ++i) {
    beat_of_other();
    one_turn();
  }
  EXPECT_EQ(status_of(call.id), CallStatus::in_progress);
  EXPECT_TRUE(other_is_known());
}

TEST_P(CallNodesDbTest, WhoCouldNotLookKnowsNothingOfTheOthers) {
  auto call = call_of_another_node(1);
  start_service();
  one_turn();
  // As long as the database was away for both.
  clock.advance(CallNodes::patience * 3);
  one_turn();
  beat_of_other();
  for (int i = 0; i < 3; ++i) one_turn();
  EXPECT_EQ(status_of(call.id), CallStatus::in_progress);
}

TEST(KeptNodeName, OutlivesItsProcessAndIsMadeAnewWhenTheFileIsNoName) {
  SeededRandom random{1};
  auto file = std::filesystem::path(::testing::TempDir()) / "parley_node_name";
  std::filesystem::remove(file);
  auto name = kept_node_name(file, random);
  EXPECT_EQ(kept_node_name(file, random), name);
  std::ofstream(file, std::ios::trunc) << "'; DROP TABLE calls";
  auto other = kept_node_name(file, random);
  EXPECT_NE(other, name);
  EXPECT_EQ(kept_node_name(file, random), other);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace parley::calls
