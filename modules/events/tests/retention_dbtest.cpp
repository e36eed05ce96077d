#include "parley/events/operation.hpp"
#include "parley/events/retention.hpp"
#include "parley/events/subscription_metrics.hpp"
#include "subscriptions_fixture.hpp"

namespace parley::events {
namespace {

using store::Position;

class RetentionDbTest : public SubscriptionsFixture {
 protected:
  Result<Trimmed> trim(Duration keep = 24h, std::size_t batch = 20) {
    return run([&] { return trim_log(ctx, db(), {.keep = keep, .batch = batch}); });
  }
  std::size_t left() {
    return read([](Tx& tx) { return store::read_events(tx, {}, {}, 1000); }).value().size();
  }
  Position newest() {
    return read([](Tx& tx) { return store::newest_position(tx); }).value();
  }
  Subscription rebuildable(std::string name) {
    Subscription subscription{std::move(name), {}, Projection(&note)};
    subscription.empty = [](Tx& tx) { return tx.execute("DELETE FROM seen"); };
    return subscription;
  }
  Result<void> operate(Result<void> (*what)(Tx&, const std::string&), std::string name) {
    return write([&](Tx& tx) { return what(tx, name); });
  }
};
PARLEY_ON_BOTH_DATABASES(RetentionDbTest);

TEST_P(RetentionDbTest, OldEventsGoOnceEverySubscriptionHasThem) {
  append("call.ended", 130);
  clock.advance(24h * 2);
  append("call.ended", 10);
  auto& subscriptions = node();
  subscriptions.add({"eager", {}, Projection(&note)});
  subscriptions.start();
  until_caught_up(subscriptions);
  stop(subscriptions);
  EXPECT_EQ(trim(24h * 30)->removed, 0) << "none is so old";
  auto trimmed = trim();
  ASSERT_TRUE(trimmed) << trimmed.error().detail;
  EXPECT_EQ(trimmed->removed, 130);
  EXPECT_FALSE(trimmed->held_by);
  EXPECT_EQ(left(), 10u);
  EXPECT_EQ(trim()->removed, 0);
  EXPECT_EQ(run([&] { return trim_log(ctx, db(), {}); }).error().code, Errc::invalid);
}

TEST_P(RetentionDbTest, NeverPastTheLowestPlaceAndItSaysWhoHoldsIt) {
  append("call.ended", 50);
  bool poisoned = true;
  auto stands = [&](Tx&, const StoredEvent& event) -> Result<void> {
    if (poisoned && event.version == 31) return fail(Errc::invalid, "indigestible");
    return {};
  };
  auto& subscriptions = node({.max_attempts = 1, .lease = 1s});
  subscriptions.add({"eager", {}, Projection(&note)});
  Subscription strict{"strict", {}, Projection(stands)};
  strict.on_failure = Subscription::OnFailure::stop;
  subscriptions.add(strict);
  subscriptions.start();
  until([&] {
    return status(subscriptions, 0).lag == 0 && status(subscriptions, 1).stopped_at.has_value();
  });
  clock.advance(24h * 2);
  auto trimmed = trim();
  EXPECT_EQ(trimmed->removed, 30);
  EXPECT_EQ(trimmed->held_by, "strict");
  EXPECT_EQ(left(), 20u);
  EXPECT_EQ(operate(&forget_subscription, "nobody").error().code, Errc::not_found);
  poisoned = false;
  ASSERT_TRUE(run([&] { return subscriptions.resume(ctx, "strict"); }));
  until([&] { return status(subscriptions, 1).lag == 0; });
  EXPECT_EQ(operate(&forget_subscription, "strict").error().code, Errc::conflict)
      << "a node follows it";
  EXPECT_EQ(trim()->removed, 20);
}

TEST_P(RetentionDbTest, OneThatNothingFollowsIsForgotten) {
  append("call.ended", 20);
  auto& subscriptions = node();
  subscriptions.add({"eager", {}, Projection(&note)});
  subscriptions.add({"gone", {}, Projection([](Tx&, const StoredEvent&) -> Result<void> {
                       return fail(Errc::invalid, "never");
                     })});
  subscriptions.start();
  until([&] { return status(subscriptions).lag == 0 && status(subscriptions, 1).attempts > 0; });
  stop(subscriptions);
  auto known = read([](Tx& tx) { return known_subscriptions(tx); }).value();
  ASSERT_EQ(known.size(), 2u);
  EXPECT_EQ(known[1].status.name, "gone");
  EXPECT_EQ(known[1].status.last_error, "never");
  EXPECT_FALSE(known[1].followed);
  EXPECT_FALSE(known[1].rebuildable);
  clock.advance(24h * 2);
  EXPECT_EQ(trim()->held_by, "gone");
  ASSERT_TRUE(operate(&forget_subscription, "gone"));
  EXPECT_EQ(trim()->removed, 20);
}

TEST_P(RetentionDbTest, AFilterThatMatchesNothingHoldsNothingBackForLong) {
  append("call.ended", 20);
  auto& subscriptions = node();
  subscriptions.add({"rare", {.types = {"rare.*"}}, Projection(&note)});
  subscriptions.start();
  until_caught_up(subscriptions);
  clock.advance(24h * 2);
  until([&] {
    clock.advance(1min);
    return status(subscriptions).position == newest();
  });
  EXPECT_EQ(trim()->removed, 20);
}

TEST_P(RetentionDbTest, ARebuildHoldsEverythingAndIsRefusedOnceSomethingIsGone) {
  append("call.ended", 20);
  auto& subscriptions = node();
  subscriptions.add(rebuildable("made"));
  subscriptions.start();
  until_caught_up(subscriptions);
  stop(subscriptions);
  clock.advance(24h * 2);
  ASSERT_TRUE(operate(&request_rebuild, "made"));
  auto trimmed = trim();
  EXPECT_EQ(trimmed->removed, 0);
  EXPECT_EQ(trimmed->held_by, "made");
  auto& again = node();
  again.add(rebuildable("made"));
  again.start();
  until([&] { return !status(again).rebuild && status(again).lag == 0; });
  EXPECT_EQ(seen(), 20);
  EXPECT_EQ(trim()->removed, 20);
  auto refused = run([&] { return again.rebuild(ctx, "made"); });
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(seen(), 20) << "the tables stay as they are";
}

TEST_P(RetentionDbTest, ItIsDoneEveryHourUntilItIsStopped) {
  append("call.ended", 20);
  clock.advance(24h * 2);
  TaskGroup tasks(io.get_executor());
  keep_trimmed(tasks, clock, db(), {.keep = 24h});
  until([&] {
    clock.advance(1min);
    return left() == 0;
  });
  EXPECT_EQ(newest(), read([](Tx& tx) { return store::horizon(tx); }).value());
  run([&]() -> Task<void> {
    auto ending = tasks.stop();
    co_await std::move(ending);
    co_return Result<void>{};
  });
}

TEST_P(RetentionDbTest, EachSubscriptionsFiguresAreShown) {
  append("call.ended", 3);
  append("call.poison");
  auto eats = [](Tx&, const StoredEvent& event) -> Result<void> {
    if (event.type == "call.poison") return fail(Errc::invalid, "indigestible");
    return {};
  };
  auto& subscriptions = node({.max_attempts = 1});
  subscriptions.add({"parks", {}, Projection(eats)});
  Subscription strict{"stops", {}, Projection(eats)};
  strict.on_failure = Subscription::OnFailure::stop;
  subscriptions.add(strict);
  subscriptions.start();
  until([&] {
    return status(subscriptions, 0).parked == 1 && status(subscriptions, 1).stopped_at.has_value();
  });
  clock.advance(90s);
  metrics::Registry registry;
  TaskGroup tasks(io.get_executor());
  keep_shown(tasks, clock, subscriptions, registry);
  auto has = [&](const std::string& line) {
    return registry.text().find("\n" + line + "\n") != std::string::npos;
  };
  until([&] { return has("parley_subscription_stopped{subscription=\"stops\"} 1"); });
  EXPECT_TRUE(has("parley_subscription_stopped{subscription=\"parks\"} 0"));
  EXPECT_TRUE(has("parley_subscription_parked_events{subscription=\"parks\"} 1"));
  EXPECT_TRUE(has("parley_subscription_lag_events{subscription=\"stops\"} 1"));
  EXPECT_TRUE(has("parley_subscription_lag_seconds{subscription=\"stops\"} 90"));
  EXPECT_TRUE(has("parley_subscription_lag_seconds{subscription=\"parks\"} 0"));
  EXPECT_TRUE(has("parley_subscription_rebuilding{subscription=\"parks\"} 0"));
  run([&]() -> Task<void> {
    auto ending = tasks.stop();
    co_await std::move(ending);
    co_return Result<void>{};
  });
}

}  // namespace
}  // namespace parley::events
