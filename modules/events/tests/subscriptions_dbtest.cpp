#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "parley/testkit/postgres_server.hpp"
#include "subscriptions_fixture.hpp"

namespace parley::events {
namespace {

class SubscriptionsDbTest : public SubscriptionsFixture {};
PARLEY_ON_BOTH_DATABASES(SubscriptionsDbTest);

TEST_P(SubscriptionsDbTest, AProjectionCatchesUpAndThenFollows) {
  append("call.ended", 250);
  append("lead.created", 3);
  auto& subscriptions = node();
  subscriptions.add({"calls", {.types = {"call.*"}}, Projection(&note)});
  EXPECT_EQ(status(subscriptions).lag, 250);
  subscriptions.start();
  until_caught_up(subscriptions);
  EXPECT_EQ(seen(), 250);
  // Woken by the commit, long before the next poll.
  append("call.ended", 2);
  until_caught_up(subscriptions);
  EXPECT_EQ(seen(), 252);
  stop(subscriptions);
  append("call.ended", 5);
  EXPECT_EQ(status(subscriptions).lag, 5) << "stopped";
  auto& later = node();
  later.add({"calls", {.types = {"call.*"}}, Projection(&note)});
  later.start();
  until_caught_up(later);
  EXPECT_EQ(seen(), 257) << "goes on where the other stopped";
}

TEST_P(SubscriptionsDbTest, ANewOneMayStartNow) {
  append("call.ended", 10);
  auto& subscriptions = node();
  subscriptions.add({"from-now", {}, Projection(&note), Subscription::Start::now});
  clock.advance(24h);
  EXPECT_EQ(status(subscriptions).lag, 0) << "what was before is not for it";
  EXPECT_EQ(status(subscriptions).behind, 0ms);
  subscriptions.start();
  until([&] { return status(subscriptions).position > store::Position{}; });
  append("call.ended", 2);
  until([&] { return seen() == 2; });
}

TEST_P(SubscriptionsDbTest, AnAppendingProjectionKeepsTheOrganization) {
  ctx.organization = OrganizationId("org_a");
  append("call.ended", 2);
  ctx.organization = OrganizationId("org_b");
  append("call.ended", 1);
  auto& subscriptions = node();
  auto copy = [](Tx& tx, const StoredEvent& event) -> Result<void> {
    EXPECT_EQ(tx.context().organization, event.organization);
    auto done = tx.append("copies", {"copy.made", {{"of", event.id}}});
    if (!done) return std::unexpected(done.error());
    return {};
  };
  subscriptions.add({"copies", {.types = {"call.ended"}}, Projection(copy)});
  subscriptions.start();
  until_caught_up(subscriptions);
  auto copies = read([](Tx& tx) {
    return tx.query(
        "SELECT organization_id, principal FROM events WHERE type = 'copy.made' "
        "ORDER BY organization_id");
  });
  ASSERT_EQ(copies->size(), 3u);
  EXPECT_EQ(copies->at(0).text("organization_id"), "org_a");
  EXPECT_EQ(copies->at(2).text("organization_id"), "org_b");
  EXPECT_EQ(copies->at(0).text("principal"), "system:copies");
}

TEST_P(SubscriptionsDbTest, APoisonEventIsParkedAndTheRestGoesOn) {
  append("call.ended", 7);
  append("call.poison");
  append("call.ended", 7);
  bool cured = false;
  auto handler = [&](Tx& tx, const StoredEvent& event) -> Result<void> {
    if (event.type != "call.poison" || cured) return note(tx, event);
    if (event.version == 0) return {};
    (void)note(tx, event);
    return fail(Errc::invalid, "indigestible\xff");
  };
  auto& subscriptions = node({.max_attempts = 3});
  subscriptions.add({"eater", {}, Projection(handler)});
  subscriptions.start();
  until([&] { return status(subscriptions).attempts == 1; });
  EXPECT_EQ(seen(), 7) << "in order: nothing overtakes the one that is tried again";
  EXPECT_EQ(status(subscriptions).last_error, "indigestible?");
  until([&] {
    clock.advance(1min);
    return status(subscriptions).lag == 0;
  });
  EXPECT_EQ(seen(), 14);
  auto parked = letters(subscriptions, "eater");
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].attempts, 3);
  EXPECT_EQ(parked[0].reason, "indigestible?");
  EXPECT_EQ(parked[0].organization, ctx.organization);
  EXPECT_EQ(status(subscriptions).parked, 1);

  auto retry = [&](std::string id) {
    return run([&] { return subscriptions.retry(ctx, "eater", id); });
  };
  EXPECT_EQ(retry(parked[0].event_id).error().code, Errc::invalid);
  EXPECT_EQ(retry("evt_unknown").error().code, Errc::not_found);
  cured = true;
  EXPECT_TRUE(retry(parked[0].event_id));
  EXPECT_EQ(seen(), 15);
  EXPECT_TRUE(letters(subscriptions, "eater").empty());
}

TEST_P(SubscriptionsDbTest, AHandlerThatThrowsHasFailed) {
  append("call.ended");
  auto& subscriptions = node({.max_attempts = 1});
  auto throws = [](Tx&, const StoredEvent&) -> Result<void> { throw std::runtime_error("oops"); };
  auto bad_sql = [](Tx& tx, const StoredEvent&) -> Result<void> {
    (void)tx.execute("INSERT INTO nowhere VALUES (1)");
    return {};
  };
  auto reaction = [](Context, StoredEvent) -> Task<void> {
    throw std::runtime_error("ouch");
    co_return Result<void>{};
  };
  subscriptions.add({"throws", {}, Projection(throws)});
  subscriptions.add({"bad-sql", {}, Projection(bad_sql)});
  subscriptions.add({"reaction", {}, Reaction(reaction)});
  subscriptions.start();
  until([&] {
    return status(subscriptions, 0).parked + status(subscriptions, 1).parked +
               status(subscriptions, 2).parked ==
           3;
  });
  EXPECT_EQ(letters(subscriptions, "throws").at(0).reason, "oops");
  EXPECT_EQ(letters(subscriptions, "reaction").at(0).reason, "ouch");
}

TEST_P(SubscriptionsDbTest, AReactionComesAtLeastOnceAndInOrder) {
  append("call.ended", 20);
  std::vector<std::int64_t> versions;
  int failures = 2;
  auto handler = [&](Context with, StoredEvent event) -> Task<void> {
    EXPECT_EQ(with.organization, event.organization);
    EXPECT_NE(with.deadline, TimePoint::max());
    auto pause = clock.sleep_for(1ms);
    co_await std::move(pause);
    versions.push_back(event.version);
    if (event.version == 5 && failures-- > 0) co_return fail(Errc::unavailable, "not now");
    co_return Result<void>{};
  };
  auto& subscriptions = node();
  subscriptions.add({"reactor", {}, Reaction(handler)});
  subscriptions.start();
  until([&] {
    clock.advance(10s);
    return status(subscriptions).lag == 0;
  });
  ASSERT_EQ(versions.size(), 22u);
  std::vector<std::int64_t> wanted;
  for (std::int64_t v = 1; v <= 20; ++v) wanted.insert(wanted.end(), v == 5 ? 3 : 1, v);
  EXPECT_EQ(versions, wanted);
  EXPECT_EQ(status(subscriptions).parked, 0);
}

TEST_P(SubscriptionsDbTest, AHangingReactionIsCutOffAndStopDoesNotHang) {
  append("call.ended");
  int started = 0;
  auto hang = [&](Context, StoredEvent) -> Task<void> {
    ++started;
    auto forever = clock.sleep_for(1000h);
    co_await std::move(forever);
    co_return Result<void>{};
  };
  auto& subscriptions = node({.max_attempts = 2});
  subscriptions.add({"hangs", {}, Reaction(hang)});
  subscriptions.start();
  until([&] { return started == 1; });
  clock.advance(61s);
  until([&] { return status(subscriptions).attempts == 1; });
  EXPECT_EQ(status(subscriptions).last_error, "deadline passed");
  until([&] {
    clock.advance(1s);
    return started == 2;
  });
  stop(subscriptions);
  EXPECT_EQ(status(subscriptions).parked, 0) << "stopping is not the handler's failure";
}

TEST_P(SubscriptionsDbTest, OneNodeAtATimeFollowsAndAnotherTakesOver) {
  std::array<int, 2> handled{};
  auto reaction = [&](std::size_t who) {
    return Reaction([&handled, who](Context, StoredEvent) -> Task<void> {
      ++handled[who];
      co_return Result<void>{};
    });
  };
  auto& first = node();
  auto& second = node();
  first.add({"shared", {}, reaction(0)});
  second.add({"shared", {}, reaction(1)});
  append("call.ended", 5);
  first.start();
  until_caught_up(first);
  second.start();
  append("call.ended", 5);
  until_caught_up(first);
  EXPECT_EQ(handled, (std::array<int, 2>{10, 0}));
  stop(first);
  append("call.ended", 5);
  until_caught_up(second);
  EXPECT_EQ(handled, (std::array<int, 2>{10, 5}));
}

TEST_P(SubscriptionsDbTest, ProjectingNodesTogetherApplyEachEventOnce) {
  // The lease is over at once, so that they get in each other's way as much as they can.
  for (int i = 0; i < 3; ++i) {
    auto& one = node({.first_retry = 1ms, .lease = 0s, .batch = 7});
    one.add({"contended", {}, Projection(&note)});
    one.start();
  }
  for (int i = 0; i < 30; ++i) {
    append("call.ended", 5);
    clock.advance(1ms);
  }
  until([&] {
    clock.advance(5ms);
    return seen() == 150;
  });
  EXPECT_TRUE(letters(*nodes_[0], "contended").empty());
}

TEST_P(SubscriptionsDbTest, EventsThatDoNotMatchAreNotReadAgain) {
  auto& subscriptions = node();
  subscriptions.add({"rare", {.types = {"rare.*"}}, Projection(&note)});
  subscriptions.start();
  append("common.thing", 1500);
  auto newest = [&] { return read([](Tx& tx) { return store::newest_position(tx); }).value(); };
  until([&] { return status(subscriptions).position == newest(); });
  append("rare.thing");
  until([&] { return seen() == 1; });
}

TEST_P(SubscriptionsDbTest, ManyWritersEachEventOnce) {
  auto& subscriptions = node();
  subscriptions.add({"all", {}, Projection(&note)});
  subscriptions.start();
  int running = 10;
  auto writer = [](store::Database& d, Context c, int who, int& left) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      auto change = [who](Tx& tx) {
        return tx.append("writer/" + std::to_string(who), {"a.b", {}});
      };
      auto work = d.write(c, change);
      EXPECT_TRUE(co_await std::move(work));
    }
    --left;
  };
  for (int w = 0; w < 10; ++w) asio::co_spawn(io, writer(db(), ctx, w, running), asio::detached);
  until([&] { return running == 0; });
  until([&] { return seen() == 200; });
  EXPECT_EQ(status(subscriptions).parked, 0);
}

TEST_P(SubscriptionsDbTest, NamesAreUnique) {
  auto& subscriptions = node();
  subscriptions.add({"one", {}, Projection(&note)});
  EXPECT_THROW(subscriptions.add({"one", {}, Projection(&note)}), std::logic_error);
  subscriptions.start();
  EXPECT_THROW(subscriptions.add({"two", {}, Projection(&note)}), std::logic_error);
  EXPECT_EQ(run([&] { return subscriptions.retry(ctx, "nobody", "evt_x"); }).error().code,
            Errc::not_found);
  EXPECT_EQ(run([&] { return subscriptions.dead_letters(ctx, "one", 0); }).error().code,
            Errc::invalid);
}

class PostgresSubscriptionsDbTest : public SubscriptionsDbTest {};
PARLEY_ON_DATABASE(PostgresSubscriptionsDbTest, postgresql);

TEST_P(PostgresSubscriptionsDbTest, ARestartOfTheDatabaseIsWaitedOut) {
  auto& server = testkit::PostgresServer::instance();
  auto& subscriptions = node({.poll = 10ms, .first_retry = 1ms, .max_attempts = 1});
  subscriptions.add({"all", {}, Projection(&note)});
  subscriptions.start();
  append("call.ended", 3);
  until_caught_up(subscriptions);
  server.crash();
  auto away = run([&] { return subscriptions.status(ctx); });
  EXPECT_EQ(away.error().code, Errc::unavailable);
  server.start();
  // One transaction at a time looks whether the database is back; the others are refused meanwhile.
  until([&] { return read([](Tx& tx) { return tx.one("SELECT 1"); }).has_value(); });
  append("call.ended", 3);
  until([&] {
    clock.advance(1s);
    return seen() == 6;
  });
  EXPECT_EQ(status(subscriptions).parked, 0);
}

}  // namespace
}  // namespace parley::events
