#include <gtest/gtest.h>

#include <boost/asio/detached.hpp>

#include "gate.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

class EventLogDbTest : public testkit::DatabaseTest {
 protected:
  Result<std::int64_t> append(std::string stream, std::string type,
                              ExpectedVersion expected = ExpectedVersion::any(),
                              json::object data = {}) {
    return write([&](Tx& tx) { return tx.append(stream, {type, data}, expected); });
  }
  std::vector<StoredEvent> events(EventFilter filter = {}, Position after = {},
                                  std::size_t limit = 1000) {
    return read([&](Tx& tx) { return read_events(tx, filter, after, limit); }).value();
  }
};
PARLEY_ON_BOTH_DATABASES(EventLogDbTest);

TEST_P(EventLogDbTest, AnEventComesBackWhole) {
  json::object data{{"name", "Zoë"}, {"price", 12}, {"list", {1, 2.5, nullptr}}};
  EXPECT_EQ(append("call/1", "call.ended", ExpectedVersion::none_yet(), data).value(), 1);
  auto all = events();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_TRUE(all[0].id.starts_with("evt_"));
  EXPECT_EQ(all[0].organization, ctx.organization);
  EXPECT_EQ(all[0].stream, "call/1");
  EXPECT_EQ(all[0].version, 1);
  EXPECT_EQ(all[0].type, "call.ended");
  EXPECT_EQ(all[0].data, data);
  EXPECT_EQ(all[0].principal, "user_test");
  EXPECT_EQ(all[0].time, clock.wall());
  EXPECT_EQ(read([&](Tx& tx) { return newest_position(tx); }).value(), all[0].position);
  auto found = read([&](Tx& tx) { return find_event(tx, all[0].position); });
  EXPECT_EQ(found.value()->id, all[0].id);
}

TEST_P(EventLogDbTest, ExpectedVersions) {
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::exactly(1)).error().code, Errc::conflict);
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::none_yet()).value(), 1);
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::none_yet()).error().code, Errc::conflict);
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::exactly(1)).value(), 2);
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::exactly(1)).error().code, Errc::conflict);
  EXPECT_EQ(append("s", "a.b").value(), 3);
  // A conflict changes nothing, and the transaction may go on.
  auto recovered = write([](Tx& tx) -> Result<std::int64_t> {
    EXPECT_FALSE(tx.append("s", {"a.b", {}}, ExpectedVersion::exactly(9)));
    return tx.append("s", {"a.b", {}}, ExpectedVersion::exactly(3));
  });
  EXPECT_EQ(recovered.value(), 4);
  EXPECT_EQ(events().size(), 4u);
}

TEST_P(EventLogDbTest, SeveralEventsInOneTransaction) {
  auto done = write([](Tx& tx) -> Result<std::int64_t> {
    (void)tx.append("s", {"a.first", {}});
    (void)tx.append("t", {"a.second", {}});
    return tx.append("s", {"a.third", {}});
  });
  EXPECT_EQ(done.value(), 2);
  auto all = events();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].type + all[1].type + all[2].type, "a.firsta.seconda.third");
  EXPECT_TRUE(all[0].position < all[1].position && all[1].position < all[2].position);
}

TEST_P(EventLogDbTest, BadNamesAndSizesAreRefused) {
  for (std::string type : {"", "Call.Ended", "call ended", ".a", "a.", "ä"})
    EXPECT_EQ(append("s", type).error().code, Errc::invalid) << type;
  EXPECT_EQ(append("", "a.b").error().code, Errc::invalid);
  EXPECT_EQ(append(std::string(201, 'x'), "a.b").error().code, Errc::invalid);
  json::object big{{"x", std::string(256 * 1024, 'x')}};
  EXPECT_EQ(append("s", "a.b", ExpectedVersion::any(), big).error().code, Errc::too_large);
  EXPECT_EQ(read([&](Tx& tx) { return read_events(tx, {}, {}, 0); }).error().code, Errc::invalid);
  EXPECT_EQ(read([&](Tx& tx) { return read_events(tx, {}, {}, 1001); }).error().code,
            Errc::invalid);
  EXPECT_TRUE(events().empty());
}

TEST_P(EventLogDbTest, FiltersAndPages) {
  for (auto type : {"call.started", "call.ended", "callback.asked", "lead.created"})
    ASSERT_TRUE(append("s", type));
  ctx.organization = OrganizationId("org_other");
  ASSERT_EQ(append("s", "call.ended").value(), 1) << "streams of organizations are apart";
  auto count = [&](EventFilter filter) { return events(filter).size(); };
  EXPECT_EQ(count({}), 5u);
  EXPECT_EQ(count({.types = {"call.*"}}), 3u);
  EXPECT_EQ(count({.types = {"call.ended", "lead.*"}}), 3u);
  EXPECT_EQ(count({.organization = OrganizationId("org_test")}), 4u);
  EXPECT_EQ(count({.organization = OrganizationId("org_test"), .types = {"call.ended"}}), 1u);
  EXPECT_EQ(count({.stream = "s"}), 5u);
  EXPECT_EQ(count({.stream = "nothing"}), 0u);
  auto first = events({}, {}, 2);
  ASSERT_EQ(first.size(), 2u);
  auto rest = events({}, first.back().position);
  ASSERT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest.front().type, "callback.asked");
  auto left = read([&](Tx& tx) { return count_events(tx, {}, first.back().position, 1000); });
  EXPECT_EQ(left.value(), 3);
  left = read([&](Tx& tx) { return count_events(tx, {}, {}, 2); });
  EXPECT_EQ(left.value(), 2);
}

TEST_P(EventLogDbTest, AnEventThatCommitsLateIsNotSkipped) {
  Gate gate;
  bool early_done = false;
  auto slow = [&gate](Tx& tx) -> Result<std::int64_t> {
    auto version = tx.append("slow", {"a.slow", {}});
    gate.pass();
    return version;
  };
  auto body = [](Database& d, Context c, std::function<Result<std::int64_t>(Tx&)> f,
                 bool& done) -> asio::awaitable<void> {
    auto work = d.write(std::move(c), std::move(f));
    auto ended = co_await std::move(work);
    EXPECT_TRUE(ended);
    done = true;
  };
  bool late_done = false;
  asio::co_spawn(io, body(db(), ctx, slow, late_done), asio::detached);
  io.restart();
  io.poll();
  gate.wait_until_entered();
  // Begins later and commits earlier where there is more than one writer.
  auto quick = [](Tx& tx) { return tx.append("quick", {"a.quick", {}}); };
  asio::co_spawn(io, body(db(), ctx, quick, early_done), asio::detached);
  io.poll();
  if (on_postgres())
    while (!early_done) io.run_one();
  EXPECT_TRUE(events().empty()) << "the quick one must wait for the slow one";
  gate.open();
  auto guard = asio::make_work_guard(io);
  while (!late_done || !early_done) io.run_one();
  auto all = events();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].stream, "slow");
  EXPECT_EQ(all[1].stream, "quick");
}

/// Writers on their own streams and on a shared one, with transactions of different lengths.
asio::awaitable<void> keep_writing(Database& db, Context ctx, int writer, int transactions,
                                   int& running) {
  for (int i = 0; i < transactions; ++i) {
    auto change = [writer, i](Tx& tx) -> Result<std::int64_t> {
      auto own = "writer/" + std::to_string(writer);
      for (int k = 0; k <= (writer + i) % 4; ++k)
        if (auto done = tx.append(own, {"test.own", {{"i", i}, {"k", k}}}); !done) return done;
      if (i % 5 != 0) return 0;
      return tx.append("shared", {"test.shared", {}});
    };
    auto work = db.write(ctx, change);
    auto done = co_await std::move(work);
    EXPECT_TRUE(done) << done.error().detail;
  }
  --running;
}

TEST_P(EventLogDbTest, ConcurrentWritersAndAReaderMissNothing) {
  constexpr int writers = 12;
  int running = writers;
  for (int w = 0; w < writers; ++w)
    asio::co_spawn(io, keep_writing(db(), ctx, w, 30, running), asio::detached);
  std::vector<std::string> seen;
  auto follow = [&](Database& reader) -> Task<void> {
    Position after;
    while (true) {
      bool last_look = running == 0;
      auto look = [after](Tx& tx) { return read_events(tx, {}, after, 7); };
      auto work = reader.read(ctx, look);
      auto page = co_await std::move(work);
      if (!page) co_return std::unexpected(page.error());
      for (auto& event : *page) {
        EXPECT_LT(after, event.position);
        after = event.position;
        seen.push_back(event.id);
      }
      if (last_look && page->empty()) co_return Result<void>{};
    }
  };
  auto reader = open_another();
  auto followed = run([&] { return follow(*reader); });
  ASSERT_TRUE(followed) << followed.error().detail;
  auto all = events();
  auto left = all.empty() ? Position{} : all.back().position;
  for (auto more = events({}, left); !more.empty(); more = events({}, left)) {
    all.insert(all.end(), more.begin(), more.end());
    left = more.back().position;
  }
  ASSERT_EQ(seen.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(seen[i], all[i].id);
  // And the versions of each stream are complete and in order.
  std::map<std::string, std::int64_t> versions;
  for (const auto& event : all) EXPECT_EQ(event.version, ++versions[event.stream]);
  EXPECT_EQ(versions["shared"], writers * 6);
}

TEST(Position, TextRoundTrip) {
  Position position{12, 345};
  EXPECT_EQ(position.text(), "12.345");
  EXPECT_EQ(Position::parse("12.345").value(), position);
  for (auto* bad :
       {"", ".", "1", "1.", ".1", "1.2.3", "-1.2", "1.2x", "x.1", "1. 2", "99999999999999999999.1"})
    EXPECT_EQ(Position::parse(bad).error().code, Errc::invalid) << bad;
}

}  // namespace
}  // namespace parley::store
