#include <gtest/gtest.h>

#include <atomic>

#include "parley/events/commit_news.hpp"
#include "parley/events/live_feed.hpp"
#include "parley/events/subscriptions.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::events {
namespace {

using store::Tx;

/// Two nodes that would look at the log by themselves once a day.
class CommitNewsDbTest : public testkit::DatabaseTest {
 protected:
  struct Node {
    Node(CommitNewsDbTest& test, store::Database& database)
        : feed(test.io.get_executor(), test.clock, database, {.poll = std::chrono::hours(24)}),
          subscriptions(test.io.get_executor(), test.clock, test.random, database,
                        {.poll = std::chrono::hours(24)}),
          news({test.io.get_executor(), test.clock, test.random, database, test.pubsub}, [this] {
            ++told;
            feed.look();
            subscriptions.look();
          }) {}
    LiveFeed feed;
    Subscriptions subscriptions;
    int told = 0;
    CommitNews news;
  };

  void SetUp() override {
    DatabaseTest::SetUp();
    other_database = open_another();
    here.emplace(*this, db());
    there.emplace(*this, *other_database);
  }
  void TearDown() override {
    run([&]() -> Task<void> {
      for (auto* node : {&*here, &*there}) {
        auto quieting = node->news.stop();
        co_await std::move(quieting);
        auto unfollowing = node->subscriptions.stop();
        co_await std::move(unfollowing);
        auto silencing = node->feed.stop();
        co_await std::move(silencing);
      }
      co_return Result<void>{};
    });
    here.reset();
    there.reset();
    other_database.reset();
    DatabaseTest::TearDown();
  }
  void start() {
    for (auto* node : {&*here, &*there}) {
      node->feed.start();
      node->subscriptions.start();
      node->news.start();
    }
  }
  void append(store::Database& database, std::string type) {
    auto done = run(
        [&] { return database.write(ctx, [&](Tx& tx) { return tx.append("s", {type, {}}); }); });
    ASSERT_TRUE(done) << done.error().detail;
  }

  /// Until nobody looks at the log by itself for longer than this test takes: after news they look
  /// again soon, and then less and less often.
  void let_them_rest() {
    for (int i = 0; i < 40; ++i) {
      clock.advance(std::chrono::hours(24));
      run([&] { return there->feed.newest(ctx); }).value();
    }
  }

  store::LocalPubSub pubsub{clock};
  std::unique_ptr<store::Database> other_database;
  std::optional<Node> here;
  std::optional<Node> there;
};
PARLEY_ON_DATABASE(CommitNewsDbTest, postgresql);

TEST_P(CommitNewsDbTest, AListenerHearsAtOnceWhatAnotherNodeCommitted) {
  start();
  auto from = run([&] { return there->feed.newest(ctx); }).value();
  append(*other_database, "a.own");
  auto own = run([&] { return there->feed.next(ctx, {}, from, 10); });
  ASSERT_TRUE(own);
  let_them_rest();
  append(db(), "a.foreign");
  auto page = run([&] { return there->feed.next(ctx, {}, own->next, 10); });
  ASSERT_TRUE(page) << page.error().detail;
  ASSERT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->events[0].type, "a.foreign");
}

TEST_P(CommitNewsDbTest, ASubscriptionFollowsWhatAnotherNodeCommitted) {
  // Events are handled on a thread of the database.
  std::atomic<int> own = 0;
  std::atomic<int> foreign = 0;
  there->subscriptions.add({"test.v1", {}, Projection([&](Tx&, const store::StoredEvent& event) {
                              ++(event.type == "a.own" ? own : foreign);
                              return Result<void>{};
                            })});
  start();
  append(*other_database, "a.own");
  auto wait_for = [&](std::atomic<int>& handled) {
    run([&]() -> Task<void> {
      while (handled == 0) {
        auto pause = asio::post(io, asio::use_awaitable);
        co_await std::move(pause);
      }
      co_return Result<void>{};
    });
  };
  wait_for(own);
  let_them_rest();
  append(db(), "a.foreign");
  wait_for(foreign);
  EXPECT_EQ(foreign, 1);
  EXPECT_EQ(own, 1);
}

TEST_P(CommitNewsDbTest, ANodeIsNotToldOfItsOwnCommits) {
  start();
  append(db(), "a.first");
  run([&]() -> Task<void> {
    while (there->told == 0) {
      auto pause = asio::post(io, asio::use_awaitable);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  EXPECT_EQ(here->told, 0);
}

}  // namespace
}  // namespace parley::events
