#pragma once
#include <gtest/gtest.h>

#include "parley/events/subscriptions.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::events {

using store::StoredEvent;
using store::Tx;

/// Nodes that follow the log of a test's database, and a table of what they saw.
class SubscriptionsFixture : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    auto made = write([](Tx& tx) {
      return tx.execute("CREATE TABLE seen (event_id TEXT PRIMARY KEY, version BIGINT)");
    });
    ASSERT_TRUE(made) << made.error().detail;
  }
  void TearDown() override {
    for (auto& node : nodes_) stop(*node);
    nodes_.clear();
    DatabaseTest::TearDown();
  }

  Subscriptions& node(Subscriptions::Options options = {}) {
    nodes_.push_back(
        std::make_unique<Subscriptions>(io.get_executor(), clock, random, db(), options));
    return *nodes_.back();
  }
  void stop(Subscriptions& subscriptions) {
    run([&]() -> Task<void> {
      auto ending = subscriptions.stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  void append(std::string type, int many = 1, std::string stream = "s") {
    auto done = write([&](Tx& tx) -> Result<std::int64_t> {
      Result<std::int64_t> last = 0;
      for (int i = 0; i < many && last; ++i) last = tx.append(stream, {type, {}});
      return last;
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  /// A row for each event: twice the same is a conflict, and so an error that the tests see.
  static Result<void> note(Tx& tx, const StoredEvent& event) {
    auto done = tx.execute("INSERT INTO seen VALUES (?1, ?2)", {event.id, event.version});
    if (!done) return std::unexpected(done.error());
    return {};
  }
  std::int64_t seen() {
    auto row = read([](Tx& tx) { return tx.one("SELECT COUNT(*) AS many FROM seen"); });
    return row->integer("many");
  }
  SubscriptionStatus status(Subscriptions& subscriptions, std::size_t index = 0) {
    return run([&] { return subscriptions.status(ctx); }).value().at(index);
  }
  std::vector<DeadLetter> letters(Subscriptions& subscriptions, std::string name) {
    return run([&] { return subscriptions.dead_letters(ctx, name, 100); }).value();
  }
  void until_caught_up(Subscriptions& subscriptions) {
    until([&] { return status(subscriptions).lag == 0; });
  }

  std::vector<std::unique_ptr<Subscriptions>> nodes_;
};

}  // namespace parley::events
