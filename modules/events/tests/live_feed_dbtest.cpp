#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "parley/events/live_feed.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::events {
namespace {

using store::Position;
using store::Tx;

class LiveFeedDbTest : public testkit::DatabaseTest {
 protected:
  void TearDown() override {
    if (feed) stop();
    feed.reset();
    DatabaseTest::TearDown();
  }
  void start(LiveFeed::Options options = {}) {
    feed = std::make_unique<LiveFeed>(io.get_executor(), clock, db(), options);
    feed->start();
  }
  void stop() {
    run([&]() -> Task<void> {
      auto ending = feed->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  Context of(std::string organization) {
    auto other = ctx;
    other.organization = OrganizationId(std::move(organization));
    return other;
  }
  void append(std::string type, std::string organization = "org_test") {
    auto with = of(organization);
    auto done =
        run([&] { return db().write(with, [&](Tx& tx) { return tx.append("s", {type, {}}); }); });
    ASSERT_TRUE(done) << done.error().detail;
  }
  Result<LiveFeed::Page> next(Position after, std::vector<std::string> types = {},
                              std::size_t limit = 100) {
    return run([&] { return feed->next(ctx, types, after, limit); });
  }
  static std::string types_of(const LiveFeed::Page& page) {
    std::string all;
    for (const auto& event : page.events) all += event.type + " ";
    return all;
  }
  std::unique_ptr<LiveFeed> feed;
};
PARLEY_ON_BOTH_DATABASES(LiveFeedDbTest);

TEST_P(LiveFeedDbTest, AListenerGetsWhatItMissedAndThenWhatComes) {
  append("a.first");
  append("a.second");
  start();
  auto missed = next({});
  ASSERT_TRUE(missed) << missed.error().detail;
  EXPECT_EQ(types_of(*missed), "a.first a.second ");
  std::string heard;
  Position at = missed->next;
  bool done = false;
  auto listen = [&]() -> asio::awaitable<void> {
    while (heard.size() < 16) {
      auto waiting = feed->next(ctx, {}, at, 10);
      auto page = co_await std::move(waiting);
      heard += types_of(page.value());
      at = page->next;
    }
    done = true;
  };
  asio::co_spawn(io, listen(), asio::detached);
  append("a.third");
  append("a.fourth");
  io.restart();
  auto guard = asio::make_work_guard(io);
  while (!done) io.run_one();
  EXPECT_EQ(heard, "a.third a.fourth ");
}

TEST_P(LiveFeedDbTest, OnlyItsOwnOrganizationAndTypes) {
  start();
  auto from = run([&] { return feed->newest(ctx); }).value();
  append("a.mine");
  append("a.theirs", "org_other");
  append("b.mine");
  append("a.again");
  EXPECT_EQ(types_of(next(from).value()).substr(0, 7), "a.mine ");
  auto at = from;
  std::string heard;
  while (heard.size() < 14) {
    auto page = next(at, {"a.*"}).value();
    heard += types_of(page);
    at = page.next;
  }
  EXPECT_EQ(heard, "a.mine a.again ");
  EXPECT_EQ(next({}, {}, 0).error().code, Errc::invalid);
  EXPECT_EQ(next({}, {}, 1001).error().code, Errc::invalid);
  ctx.organization = {};
  EXPECT_EQ(next({}).error().code, Errc::invalid);
}

TEST_P(LiveFeedDbTest, ADeadlineGivesAnEmptyPage) {
  append("a.other", "org_other");
  start();
  ctx.deadline = clock.now() + 20ms;
  auto page = next({});
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_TRUE(page->events.empty());
  ctx.deadline = TimePoint::max();
  append("a.b");
  EXPECT_EQ(types_of(next(page->next).value()), "a.b ");
}

TEST_P(LiveFeedDbTest, ASlowListenerFarBehindMissesNothing) {
  start({.kept = 8});
  Position at = run([&] { return feed->newest(ctx); }).value();
  for (int i = 0; i < 50; ++i) append("a.n" + std::to_string(i), i % 3 ? "org_test" : "org_other");
  std::string heard;
  std::string wanted;
  for (int i = 0; i < 50; ++i)
    if (i % 3) wanted += "a.n" + std::to_string(i) + " ";
  while (heard.size() < wanted.size()) {
    auto page = next(at, {}, 4).value();
    EXPECT_LE(page.events.size(), 4u);
    heard += types_of(page);
    at = page.next;
  }
  EXPECT_EQ(heard, wanted);
}

TEST_P(LiveFeedDbTest, ManyListenersWhileManyWrite) {
  start({.kept = 16});
  constexpr int listeners = 20;
  constexpr int events = 60;
  int running = listeners;
  auto listen = [&](std::size_t limit) -> asio::awaitable<void> {
    Position at;
    std::int64_t version = 0;
    while (version < events) {
      auto waiting = feed->next(ctx, {}, at, limit);
      auto page = co_await std::move(waiting);
      EXPECT_TRUE(page);
      for (const auto& event : page->events) EXPECT_EQ(event.version, ++version);
      at = page->next;
    }
    --running;
  };
  for (int i = 0; i < listeners; ++i)
    asio::co_spawn(io, listen(1 + static_cast<std::size_t>(i)), asio::detached);
  for (int i = 0; i < events; ++i) append("a.b");
  auto guard = asio::make_work_guard(io);
  io.restart();
  while (running > 0) io.run_one();
}

TEST_P(LiveFeedDbTest, StopEndsThoseThatWait) {
  start();
  Errc code = Errc::invalid;
  auto listen = [&]() -> asio::awaitable<void> {
    auto waiting = feed->next(ctx, {}, {}, 10);
    auto page = co_await std::move(waiting);
    code = page.error().code;
  };
  asio::co_spawn(io, listen(), asio::detached);
  append("a.b", "org_other");
  stop();
  io.restart();
  auto guard = asio::make_work_guard(io);
  while (code == Errc::invalid) io.run_one();
  EXPECT_EQ(code, Errc::unavailable);
}

TEST_P(LiveFeedDbTest, OneStreamFromTheDatabaseAndFromMemory) {
  auto append_to = [&](std::string stream) {
    ASSERT_TRUE(write([&](Tx& tx) { return tx.append(stream, {"a.b", {}}); }));
  };
  auto of_mine = [&](Position after) {
    return run([&] { return feed->next_matching(ctx, {.stream = "mine"}, after, 0, 100); }).value();
  };
  append_to("mine");
  append_to("other");
  start();
  auto before = of_mine({});
  ASSERT_EQ(before.events.size(), 1u);
  append_to("other");
  append_to("mine");
  auto later = of_mine(before.next);
  ASSERT_EQ(later.events.size(), 1u);
  EXPECT_EQ(later.events[0].stream, "mine");
  EXPECT_EQ(later.events[0].version, 2);
}

TEST_P(LiveFeedDbTest, WhoAsksForWhatIsNoLongerKeptIsTold) {
  append("a.first");
  append("a.second");
  auto all = read([](Tx& tx) { return store::read_events(tx, {}, {}, 10); }).value();
  clock.advance(24h);
  auto trimmed =
      write([&](Tx& tx) { return store::remove_events(tx, {clock.wall(), all[0].position, 10}); });
  ASSERT_EQ(trimmed->removed, 1);
  start();
  EXPECT_EQ(next({}).error().code, Errc::not_found);
  EXPECT_EQ(types_of(next(all[0].position).value()), "a.second ");
  // With all of them gone, the newest place is still where news begin.
  ASSERT_TRUE(
      write([&](Tx& tx) { return store::remove_events(tx, {clock.wall(), all[1].position, 10}); }));
  EXPECT_EQ(run([&] { return feed->newest(ctx); }).value(), all[1].position);
}

}  // namespace
}  // namespace parley::events
