// A projection's tables are made again from the log: the same as before, whatever happens
// meanwhile.
#include "parley/events/operation.hpp"
#include "parley/testkit/kill_program.hpp"
#include "subscriptions_fixture.hpp"

namespace parley::events {
namespace {

/// How often each type was seen, in one table, and each event in the order of its arrival in
/// another: twice the same event, or one in the wrong place, shows.
Result<void> tally(Tx& tx, const StoredEvent& event) {
  auto counted = tx.execute(
      "INSERT INTO tallies VALUES (?1, 1, ?2) ON CONFLICT (type) DO UPDATE SET "
      "many = tallies.many + 1, trail = tallies.trail * 31 % 1000003 + excluded.trail",
      {event.type, event.version});
  if (!counted) return std::unexpected(counted.error());
  auto noted = tx.execute("INSERT INTO seen VALUES (?1, ?2)", {event.id, event.version});
  if (!noted) return std::unexpected(noted.error());
  return {};
}

Result<std::int64_t> empty_tallies(Tx& tx) {
  auto removed = tx.execute(
      "DELETE FROM seen WHERE event_id IN (SELECT event_id FROM seen ORDER BY event_id LIMIT 40)");
  if (!removed || *removed > 0) return removed;
  return tx.execute("DELETE FROM tallies");
}

Subscription tallies(Projection handler = Projection(&tally)) {
  Subscription subscription;
  subscription.name = "tallies";
  subscription.filter.types = {"call.*"};
  subscription.handler = std::move(handler);
  subscription.empty = &empty_tallies;
  return subscription;
}

std::string shown(const Result<store::Rows>& rows) {
  std::string all;
  for (const auto& row : rows.value())
    all += row.text("type") + " " + std::to_string(row.integer("many")) + " " +
           std::to_string(row.integer("trail")) + "\n";
  return all;
}

class RebuildDbTest : public SubscriptionsFixture {
 protected:
  void SetUp() override {
    SubscriptionsFixture::SetUp();
    auto made = write([](Tx& tx) {
      return tx.execute("CREATE TABLE tallies (type TEXT PRIMARY KEY, many BIGINT, trail BIGINT)");
    });
    ASSERT_TRUE(made) << made.error().detail;
  }
  std::string table() {
    return shown(read([](Tx& tx) { return tx.query("SELECT * FROM tallies ORDER BY type"); }));
  }
  void spoil() {
    ASSERT_TRUE(write([](Tx& tx) { return tx.execute("UPDATE tallies SET many = 0, trail = 7"); }));
  }
  Result<void> rebuild(Subscriptions& subscriptions, std::string name = "tallies") {
    return run([&] { return subscriptions.rebuild(ctx, name); });
  }
  bool rebuilt(Subscriptions& subscriptions) {
    auto now = status(subscriptions);
    return !now.rebuild && now.lag == 0;
  }
};
PARLEY_ON_BOTH_DATABASES(RebuildDbTest);

TEST_P(RebuildDbTest, TheTablesAreAsBeforeAndItGoesOn) {
  append("call.ended", 90);
  append("lead.created", 5);
  append("call.started", 41);
  append("lead.created", 5);
  auto& subscriptions = node({.batch = 20});
  subscriptions.add(tallies());
  subscriptions.start();
  until_caught_up(subscriptions);
  auto before = table();
  spoil();
  ASSERT_NE(table(), before);
  ASSERT_TRUE(rebuild(subscriptions));
  until([&] { return rebuilt(subscriptions); });
  EXPECT_EQ(table(), before);
  EXPECT_EQ(seen(), 131);
  append("call.ended", 2);
  until([&] { return seen() == 133; });
  // Once more, with nothing new in between.
  before = table();
  ASSERT_TRUE(rebuild(subscriptions));
  until([&] { return rebuilt(subscriptions); });
  EXPECT_EQ(table(), before);
}

TEST_P(RebuildDbTest, WhatHappensMeanwhileIsThereOnceAndOthersAreNotDisturbed) {
  append("call.ended", 120);
  append("call.started", 80);
  Subscriptions* running = nullptr;
  int appended = 0;
  int beside = 0;
  bool in_rebuild = false;
  auto& subscriptions = node({.batch = 10});
  subscriptions.add(tallies());
  subscriptions.add({"beside", {}, Projection([&](Tx&, const StoredEvent&) -> Result<void> {
                       ++beside;
                       return {};
                     })});
  running = &subscriptions;
  subscriptions.start();
  until([&] { return status(*running, 0).lag == 0 && status(*running, 1).lag == 0; });
  auto handled_beside = beside;
  spoil();
  ASSERT_TRUE(rebuild(subscriptions));
  until([&] {
    auto now = status(subscriptions);
    in_rebuild = in_rebuild || now.rebuild.has_value();
    if (appended < 60) {
      append(appended % 2 ? "call.ended" : "call.started", 3);
      appended += 3;
    }
    return appended >= 60 && rebuilt(subscriptions);
  });
  EXPECT_TRUE(in_rebuild) << "events came while it was rebuilt";
  EXPECT_EQ(seen(), 260);
  until([&] { return status(subscriptions, 1).lag == 0; });
  EXPECT_GE(beside - handled_beside, 60);
  EXPECT_LT(beside - handled_beside, 200) << "the other one was not taken back";
  // What a subscription that has always been there would have made.
  auto made = table();
  ASSERT_TRUE(write([](Tx& tx) { return tx.execute("DELETE FROM tallies"); }));
  ASSERT_TRUE(write([](Tx& tx) { return tx.execute("DELETE FROM seen"); }));
  auto& fresh = node();
  auto anew = tallies();
  anew.name = "tallies.again";
  fresh.add(std::move(anew));
  fresh.start();
  until_caught_up(fresh);
  EXPECT_EQ(table(), made);
}

TEST_P(RebuildDbTest, NodesThatGetInEachOthersWayMakeItTogether) {
  append("call.ended", 100);
  // The lease is over at once: any of them empties, replays and follows, with an old look at where
  // the others are.
  for (int i = 0; i < 3; ++i) {
    auto& one = node({.first_retry = 1ms, .lease = 0s, .batch = 7});
    one.add(tallies());
    one.start();
  }
  auto& first = *nodes_[0];
  until([&] {
    clock.advance(5ms);
    return status(first).lag == 0;
  });
  for (int round = 0; round < 3; ++round) {
    spoil();
    ASSERT_TRUE(rebuild(first));
    for (int i = 0; i < 10; ++i) {
      append("call.ended");
      clock.advance(1ms);
    }
    until([&] {
      clock.advance(5ms);
      return rebuilt(first);
    });
    EXPECT_EQ(seen(), 110 + 10 * round);
    auto counted = read([](Tx& tx) { return tx.one("SELECT many FROM tallies"); });
    EXPECT_EQ(counted->integer("many"), 110 + 10 * round);
  }
  EXPECT_EQ(status(first).parked, 0);
}

TEST_P(RebuildDbTest, AParkedEventIsTriedAgainAndAStoppedOneGoesOn) {
  append("call.ended", 2);
  append("call.poison");
  append("call.ended", 2);
  bool cured = false;
  auto handler = [&](Tx& tx, const StoredEvent& event) -> Result<void> {
    if (event.type == "call.poison" && !cured) return fail(Errc::invalid, "indigestible");
    return tally(tx, event);
  };
  for (auto choice : {Subscription::OnFailure::park, Subscription::OnFailure::stop}) {
    cured = false;
    auto& subscriptions = node({.max_attempts = 1});
    auto subscription = tallies(handler);
    subscription.on_failure = choice;
    subscriptions.add(std::move(subscription));
    subscriptions.start();
    if (choice == Subscription::OnFailure::stop) ASSERT_TRUE(rebuild(subscriptions));
    until([&] {
      auto now = status(subscriptions);
      return !now.rebuild ? now.parked == 1 : now.stopped_at.has_value();
    });
    cured = true;
    ASSERT_TRUE(rebuild(subscriptions));
    until([&] { return rebuilt(subscriptions); });
    EXPECT_EQ(seen(), 5);
    EXPECT_EQ(status(subscriptions).parked, 0);
    EXPECT_FALSE(status(subscriptions).stopped_at);
    stop(subscriptions);
  }
}

TEST_P(RebuildDbTest, AnEmptyingThatFailsShowsAndIsTriedAgain) {
  append("call.ended", 5);
  int failures = 2;
  auto subscription = tallies();
  subscription.empty = [&](Tx& tx) -> Result<std::int64_t> {
    if (failures > 0 && --failures >= 0) return fail(Errc::conflict, "others point at it");
    return empty_tallies(tx);
  };
  auto& subscriptions = node();
  subscriptions.add(std::move(subscription));
  subscriptions.start();
  until_caught_up(subscriptions);
  ASSERT_TRUE(rebuild(subscriptions));
  until([&] { return status(subscriptions).attempts == 1; });
  EXPECT_EQ(status(subscriptions).last_error, "emptying: others point at it");
  until([&] {
    clock.advance(1s);
    return rebuilt(subscriptions);
  });
  EXPECT_EQ(seen(), 5);
  EXPECT_FALSE(status(subscriptions).last_error);
}

TEST_P(RebuildDbTest, WhatHasEffectsOutsideIsNotRebuilt) {
  auto& subscriptions = node();
  auto reaction = [](Context, StoredEvent) -> Task<void> { co_return Result<void>{}; };
  auto wrong = tallies();
  wrong.handler = Reaction(reaction);
  EXPECT_THROW(subscriptions.add(wrong), std::logic_error);
  wrong = tallies();
  wrong.start = Subscription::Start::now;
  EXPECT_THROW(subscriptions.add(wrong), std::logic_error);
  subscriptions.add({"plain", {}, Reaction(reaction)});
  subscriptions.start();
  append("call.ended");
  until_caught_up(subscriptions);
  EXPECT_EQ(rebuild(subscriptions, "plain").error().code, Errc::unsupported);
  EXPECT_EQ(rebuild(subscriptions, "nobody").error().code, Errc::not_found);
  EXPECT_FALSE(status(subscriptions).rebuild);
}

/// Asks for a rebuild, once, and follows until it is done, with an event of its own in between.
void run_rebuild(const testkit::KillRun& run) {
  testkit::KillProgram program(run, "rebuild");
  Subscriptions::Options follow{.lease = program.lease, .batch = 30};
  Subscriptions subscriptions(program.io.get_executor(), program.clock, program.random,
                              *program.watched, follow);
  subscriptions.add(tallies());
  program.run([&]() -> asio::awaitable<void> {
    subscriptions.start();
    auto following = program.until_found("SELECT * FROM event_subscriptions", {});
    co_await std::move(following);
    auto ask = program.watched->write(program.ctx, [&](Tx& tx) -> Result<void> {
      auto fresh = tx.execute("INSERT INTO asked VALUES (?1) ON CONFLICT DO NOTHING", {run.key});
      if (!fresh) return std::unexpected(fresh.error());
      if (*fresh == 0) return {};
      auto spoiled = tx.execute("UPDATE tallies SET many = 0, trail = 7");
      if (!spoiled) return std::unexpected(spoiled.error());
      auto appended = tx.append("round/" + run.key, {"call.ended", {}});
      if (!appended) return std::unexpected(appended.error());
      return request_rebuild(tx, "tallies");
    });
    if (auto asked = co_await std::move(ask); !asked)
      throw std::runtime_error(asked.error().detail);
    auto done = program.until_found(
        "SELECT 1 FROM event_subscriptions s WHERE s.rebuild = '' AND "
        "(SELECT COUNT(*) FROM seen) = (SELECT COUNT(*) FROM events WHERE type LIKE 'call.%')",
        {});
    co_await std::move(done);
    auto ending = subscriptions.stop();
    co_await std::move(ending);
  });
}

const testkit::KillScenario scenario{"rebuild", run_rebuild};

TEST_P(RebuildDbTest, KilledAnywhereItGoesOnWhereItWas) {
  append("call.ended", 60);
  append("call.started", 30);
  ASSERT_TRUE(
      write([](Tx& tx) { return tx.execute("CREATE TABLE asked (key TEXT PRIMARY KEY)"); }));
  testkit::KillRun run{"rebuild", url(), folder(), ""};
  auto walked = testkit::walk_kill_points(run, [&](const testkit::KillRun&) {
    auto counts = read([](Tx& tx) {
      return tx.query(
          "SELECT (SELECT COUNT(*) FROM seen) AS seen, (SELECT COUNT(*) FROM events "
          "WHERE type = 'call.ended') AS ended, (SELECT many FROM tallies WHERE type = "
          "'call.ended') AS many, (SELECT rebuild FROM event_subscriptions) AS rebuild");
    });
    ASSERT_TRUE(counts) << counts.error().detail;
    auto& row = counts->front();
    EXPECT_EQ(row.integer("seen"), row.integer("ended") + 30);
    EXPECT_EQ(row.text("rebuild"), "");
    EXPECT_EQ(row.integer("many"), row.integer("ended")) << "made anew, not mended";
  });
  EXPECT_GE(walked.killed.size(), 15u);
}

}  // namespace
}  // namespace parley::events
