#include "parley/store/snapshots.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class SnapshotsDbTest : public testkit::DatabaseTest {
 protected:
  void append(int many, std::string stream = "account") {
    auto done = write([&](Tx& tx) -> Result<void> {
      for (int i = 0; i < many; ++i) {
        auto appended = tx.append(stream, {"amount.added", {{"amount", ++amount}}});
        if (!appended) return std::unexpected(appended.error());
      }
      return {};
    });
    ASSERT_TRUE(done) << done.error().detail;
  }
  Fold sum() {
    return [this](json::object& state, const StoredEvent& event) -> Result<void> {
      ++folded;
      auto& total = state["total"];
      total = (total.is_null() ? 0 : total.as_int64()) + event.data.at("amount").as_int64();
      return {};
    };
  }
  Result<StreamState> load(SnapshotKind kind = {"sum"}) {
    folded = 0;
    return read([&](Tx& tx) { return load_stream(tx, "account", kind, sum()); });
  }
  Result<void> save(StreamState state, SnapshotKind kind = {"sum"}) {
    return write([&](Tx& tx) { return save_snapshot(tx, "account", kind, state); });
  }
  int amount = 0;
  int folded = 0;
};
PARLEY_ON_BOTH_DATABASES(SnapshotsDbTest);

TEST_P(SnapshotsDbTest, AStateIsTheSameWithAndWithoutOne) {
  EXPECT_EQ(load().value().version, 0);
  append(1200);
  auto whole = load();
  ASSERT_TRUE(whole) << whole.error().detail;
  EXPECT_EQ(whole->version, 1200);
  EXPECT_EQ(whole->state.at("total"), 1200 * 1201 / 2);
  EXPECT_EQ(folded, 1200);
  ASSERT_TRUE(save(*whole));
  append(3);
  auto shorter = load();
  EXPECT_EQ(folded, 3);
  EXPECT_EQ(shorter->version, 1203);
  EXPECT_EQ(shorter->state.at("total"), 1203 * 1204 / 2);
}

TEST_P(SnapshotsDbTest, OneOfAnotherSchemaOrNameIsPassedOver) {
  append(10);
  ASSERT_TRUE(save({10, {{"total", 55}}}));
  EXPECT_EQ(load({"sum", 2})->state.at("total"), 55);
  EXPECT_EQ(folded, 10) << "of another schema version";
  EXPECT_EQ(load({"other"})->version, 10);
  EXPECT_EQ(folded, 10) << "of another name";
  ASSERT_TRUE(save({10, {{"total", 55}}}, {"sum", 2}));
  EXPECT_EQ(load({"sum", 2})->version, 10);
  EXPECT_EQ(folded, 0);
  // A node of the older version does not take the newer one's away.
  ASSERT_TRUE(save({10, {{"total", 55}}}, {"sum", 1}));
  ASSERT_TRUE(load({"sum", 2}));
  EXPECT_EQ(folded, 0);
}

TEST_P(SnapshotsDbTest, TheNewestIsKept) {
  append(10);
  ASSERT_TRUE(save({9, {{"total", 45}}}));
  ASSERT_TRUE(save({4, {{"total", 10}}}));
  EXPECT_EQ(load()->state.at("total"), 55);
  EXPECT_EQ(folded, 1);
  EXPECT_EQ(save({11, {}}).error().code, Errc::invalid);
  EXPECT_EQ(save({0, {}}).error().code, Errc::invalid);
  EXPECT_EQ(save({1, {}}, {""}).error().code, Errc::invalid);
  EXPECT_EQ(save({10, {{"x", std::string(1024 * 1024, 'x')}}}).error().code, Errc::too_large);
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(load()->version, 0) << "streams of organizations are apart";
  EXPECT_EQ(save({1, {}}).error().code, Errc::invalid);
}

TEST_P(SnapshotsDbTest, TheFoldsErrorIsTheAnswerAndAWritersOwnEventsCount) {
  append(2);
  auto refused = read([&](Tx& tx) {
    return load_stream(tx, "account", {"sum"}, [](json::object&, const StoredEvent&) {
      return Result<void>(fail(Errc::corrupt, "no amount"));
    });
  });
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  auto own = write([&](Tx& tx) -> Result<StreamState> {
    auto appended = tx.append("account", {"amount.added", {{"amount", 7}}});
    if (!appended) return std::unexpected(appended.error());
    return load_stream(tx, "account", {"sum"}, sum());
  });
  EXPECT_EQ(own->version, 3);
  EXPECT_EQ(own->state.at("total"), 10);
}

class HorizonDbTest : public SnapshotsDbTest {
 protected:
  std::vector<StoredEvent> events(Position after = {}) {
    return read([&](Tx& tx) { return read_events(tx, {}, after, 1000); }).value();
  }
  Removed remove(Duration older_than, Position up_to, std::size_t at_most = 500) {
    auto before = clock.wall() - std::chrono::duration_cast<std::chrono::milliseconds>(older_than);
    return write([&](Tx& tx) { return remove_events(tx, {before, up_to, at_most}); }).value();
  }
  Position newest() {
    return read([](Tx& tx) { return newest_position(tx); }).value();
  }
  Position begin() {
    return read([](Tx& tx) { return horizon(tx); }).value();
  }
};
PARLEY_ON_BOTH_DATABASES(HorizonDbTest);

TEST_P(HorizonDbTest, OldEventsGoInBatchesAndTheLogKnowsWhereItBegins) {
  EXPECT_EQ(begin(), Position{});
  append(25);
  clock.advance(24h * 10);
  append(5);
  auto all = events();
  EXPECT_EQ(remove(24h * 20, newest()).removed, 0) << "none is so old";
  EXPECT_EQ(begin(), Position{});
  auto first = remove(24h * 5, newest(), 10);
  EXPECT_EQ(first.removed, 10);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.horizon, all[9].position);
  EXPECT_EQ(remove(24h * 5, newest(), 10).removed, 10);
  auto last = remove(24h * 5, newest(), 10);
  EXPECT_EQ(last.removed, 5);
  EXPECT_FALSE(last.more);
  EXPECT_EQ(begin(), all[24].position);
  EXPECT_EQ(events().size(), 5u);
  EXPECT_EQ(events(begin()).size(), 5u) << "what is after the horizon is complete";
  // A stream goes on counting.
  append(1);
  EXPECT_EQ(events().back().version, 31);
  EXPECT_EQ(write([](Tx& tx) { return remove_events(tx, {{}, {}, 0}); }).error().code,
            Errc::invalid);
}

TEST_P(HorizonDbTest, NothingGoesPastTheGivenPlace) {
  append(10);
  clock.advance(24h);
  auto all = events();
  EXPECT_EQ(remove(1h, all[3].position).removed, 4);
  EXPECT_EQ(begin(), all[3].position);
  EXPECT_EQ(remove(1h, all[3].position).removed, 0);
  EXPECT_EQ(events().size(), 6u);
}

TEST_P(HorizonDbTest, WhatASnapshotDoesNotCoverStaysUntilOneDoes) {
  append(10);
  append(4, "other");
  ASSERT_TRUE(save({6, {{"total", 21}}}));
  clock.advance(24h);
  auto removed = remove(1h, newest());
  EXPECT_EQ(removed.removed, 10) << "six of the account, four of a stream that nobody folds";
  EXPECT_EQ(removed.horizon, newest());
  auto state = load();
  ASSERT_TRUE(state) << state.error().detail;
  EXPECT_EQ(state->version, 10);
  EXPECT_EQ(state->state.at("total"), 55);
  EXPECT_EQ(load({"another"}).error().code, Errc::not_found) << "it would be wrong, so it is none";
  ASSERT_TRUE(save(*state));
  EXPECT_EQ(remove(1h, newest()).removed, 4) << "no longer needed";
  EXPECT_EQ(load()->version, 10);
  EXPECT_EQ(load({"another"}).error().code, Errc::not_found);
  EXPECT_TRUE(events().empty());
}

TEST_P(HorizonDbTest, AParkedEventStaysUntilItIsDealtWith) {
  append(3);
  auto all = events();
  auto parked = write([&](Tx& tx) {
    return tx.execute(
        "INSERT INTO event_dead_letters VALUES ('eater', ?1, ?2, ?3, ?4, 1, 'why', ?5)",
        {all[1].id, all[1].organization, all[1].position.transaction, all[1].position.sequence,
         tx.now()});
  });
  ASSERT_TRUE(parked);
  clock.advance(24h);
  EXPECT_EQ(remove(1h, newest()).removed, 2);
  auto found = read([&](Tx& tx) { return find_event(tx, all[1].position); });
  EXPECT_TRUE(found.value());
  ASSERT_TRUE(write([](Tx& tx) { return tx.execute("DELETE FROM event_dead_letters"); }));
  EXPECT_EQ(remove(1h, newest()).removed, 1);
}

}  // namespace
}  // namespace parley::store
