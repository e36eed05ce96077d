// A subscription that fails on one event for ever: it stands there when it chose to, says why, and
// goes on when it is told to or when a server starts that can handle the event.
#include "subscriptions_fixture.hpp"

namespace parley::events {
namespace {

class StoppedDbTest : public SubscriptionsFixture {
 protected:
  Subscription stopping(Projection handler) {
    Subscription subscription;
    subscription.name = "strict";
    subscription.handler = std::move(handler);
    subscription.on_failure = Subscription::OnFailure::stop;
    return subscription;
  }
  Projection fails_on_poison() {
    return [this](Tx& tx, const StoredEvent& event) -> Result<void> {
      ++tried;
      if (event.type == "call.poison" && !cured) return fail(Errc::invalid, "indigestible");
      return note(tx, event);
    };
  }
  void until_stopped(Subscriptions& subscriptions) {
    until([&] {
      clock.advance(1min);
      return status(subscriptions).stopped_at.has_value();
    });
  }
  Result<void> resume(Subscriptions& subscriptions, std::string name = "strict") {
    return run([&] { return subscriptions.resume(ctx, name); });
  }
  bool cured = false;
  int tried = 0;
};
PARLEY_ON_BOTH_DATABASES(StoppedDbTest);

TEST_P(StoppedDbTest, StandsAtTheEventUntilItIsToldToGoOn) {
  append("call.ended", 3);
  append("call.poison");
  append("call.ended", 4);
  auto& subscriptions = node({.max_attempts = 3});
  subscriptions.add(stopping(fails_on_poison()));
  subscriptions.add(
      {"beside", {}, Projection([](Tx&, const StoredEvent&) -> Result<void> { return {}; })});
  subscriptions.start();
  until_stopped(subscriptions);
  auto stopped = status(subscriptions);
  EXPECT_EQ(stopped.last_error, "indigestible");
  EXPECT_EQ(stopped.attempts, 3);
  EXPECT_EQ(stopped.lag, 5);
  EXPECT_EQ(stopped.parked, 0) << "nothing is put aside";
  EXPECT_EQ(seen(), 3) << "and nothing overtakes it";
  auto times = tried;
  append("call.ended");
  until([&] {
    clock.advance(1min);
    return status(subscriptions, 1).lag == 0;
  });
  EXPECT_EQ(tried, times) << "it is not tried while it stands";

  ASSERT_TRUE(resume(subscriptions));
  until([&] { return status(subscriptions).attempts == 1; });
  EXPECT_FALSE(status(subscriptions).stopped_at) << "all its attempts again";
  cured = true;
  until([&] {
    clock.advance(1min);
    return status(subscriptions).lag == 0;
  });
  EXPECT_EQ(seen(), 9);
  EXPECT_FALSE(status(subscriptions).last_error);
}

TEST_P(StoppedDbTest, ANewStartTriesItOnce) {
  append("call.poison");
  auto& subscriptions = node({.max_attempts = 2});
  subscriptions.add(stopping(fails_on_poison()));
  subscriptions.start();
  until_stopped(subscriptions);
  auto since = status(subscriptions).stopped_at;
  stop(subscriptions);
  tried = 0;

  auto& same = node({.max_attempts = 2});
  same.add(stopping(fails_on_poison()));
  same.start();
  until([&] { return status(same).attempts == 3; });
  EXPECT_EQ(status(same).stopped_at, since) << "stopped ever since";
  EXPECT_EQ(tried, 1);
  stop(same);

  cured = true;
  auto& better = node({.max_attempts = 2});
  better.add(stopping(fails_on_poison()));
  better.start();
  until_caught_up(better);
  EXPECT_EQ(seen(), 1);
  EXPECT_FALSE(status(better).stopped_at);
}

TEST_P(StoppedDbTest, AReactionStopsToo) {
  append("call.ended", 2);
  auto& subscriptions = node({.max_attempts = 2});
  Subscription subscription = stopping(fails_on_poison());
  subscription.handler = Reaction([this](Context, StoredEvent) -> Task<void> {
    ++tried;
    if (!cured) co_return fail(Errc::unavailable, "the door is shut");
    co_return Result<void>{};
  });
  subscriptions.add(std::move(subscription));
  subscriptions.start();
  until_stopped(subscriptions);
  EXPECT_EQ(tried, 2);
  EXPECT_EQ(status(subscriptions).last_error, "the door is shut");
  cured = true;
  ASSERT_TRUE(resume(subscriptions));
  until_caught_up(subscriptions);
  EXPECT_EQ(tried, 4);
}

TEST_P(StoppedDbTest, OnlyAStoppedOneResumes) {
  auto& subscriptions = node();
  subscriptions.add(stopping(fails_on_poison()));
  EXPECT_EQ(resume(subscriptions).error().code, Errc::not_found) << "it has never run";
  subscriptions.start();
  append("call.ended");
  until_caught_up(subscriptions);
  EXPECT_EQ(resume(subscriptions).error().code, Errc::conflict);
  EXPECT_EQ(resume(subscriptions, "nobody").error().code, Errc::not_found);
}

TEST_P(StoppedDbTest, AParkedEventIsHandledOnceHoweverManyRetryIt) {
  append("call.poison");
  auto& subscriptions = node({.max_attempts = 1});
  int applied = 0;
  auto handler = [&](Tx& tx, const StoredEvent& event) -> Result<void> {
    if (!cured) return fail(Errc::invalid, "indigestible");
    // Not unique by itself: only the checkpoint and the dead letter keep it at one.
    auto done = tx.execute("INSERT INTO seen VALUES (?1, ?2)",
                           {event.id + std::to_string(applied++), event.version});
    if (!done) return std::unexpected(done.error());
    return {};
  };
  subscriptions.add({"eater", {}, Projection(handler)});
  subscriptions.start();
  until([&] { return status(subscriptions).parked == 1; });
  cured = true;
  auto id = letters(subscriptions, "eater").at(0).event_id;
  int succeeded = 0;
  int ended = 0;
  auto retry = [&]() -> asio::awaitable<void> {
    auto work = subscriptions.retry(ctx, "eater", id);
    auto done = co_await std::move(work);
    if (done) ++succeeded;
    if (!done) EXPECT_EQ(done.error().code, Errc::not_found);
    ++ended;
  };
  for (int i = 0; i < 4; ++i) asio::co_spawn(io, retry(), [](const std::exception_ptr&) {});
  until([&] { return ended == 4; });
  EXPECT_EQ(succeeded, 1);
  EXPECT_EQ(seen(), 1);
}

}  // namespace
}  // namespace parley::events
