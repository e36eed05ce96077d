// Many writers on PostgreSQL whose transactions are held open, commit late or are rolled back, and
// a reader that goes on from its last position. A reader by sequence number stands beside it: it
// does miss events here, so the test has the case in it that it is about.
#include <boost/asio/detached.hpp>
#include <set>

#include "gate.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::store {
namespace {

constexpr int rounds = 15;
constexpr int writers = 6;
constexpr int writes_each = 6;

class SettlingDbTest : public testkit::DatabaseTest {
 protected:
  using Change = std::function<Result<std::int64_t>(Tx&)>;

  void SetUp() override {
    DatabaseTest::SetUp();
    others_ = open_another();
  }
  void TearDown() override {
    others_.reset();
    DatabaseTest::TearDown();
  }

  static asio::awaitable<void> held(Database& database, Context ctx, Change change, int& running) {
    auto work = database.write(std::move(ctx), std::move(change));
    (void)co_await std::move(work);
    --running;
  }
  /// Every third of its transactions is rolled back after its appends.
  static asio::awaitable<void> writing(Database& database, Context ctx, int writer, int& running) {
    for (int i = 0; i < writes_each; ++i) {
      bool rolled_back = (writer + i) % 3 == 0;
      auto change = [=](Tx& tx) -> Result<std::int64_t> {
        auto stream = "writer/" + std::to_string(writer);
        for (int k = 0; k <= i % 3; ++k) {
          auto type = rolled_back ? "test.undone" : "test.done";
          if (auto done = tx.append(stream, {type, {}}); !done) return done;
        }
        if (rolled_back) return fail(Errc::invalid, "on purpose");
        return 0;
      };
      auto work = database.write(ctx, change);
      auto done = co_await std::move(work);
      EXPECT_EQ(done.has_value(), !rolled_back);
    }
    --running;
  }
  void drive(const int& running, int until) {
    auto guard = asio::make_work_guard(io);
    io.restart();
    while (running > until) io.run_one();
  }

  void read_on() {
    while (true) {
      auto page = run([&] {
        return others_->read(ctx, [&](Tx& tx) { return read_events(tx, {}, after_, 7); });
      });
      ASSERT_TRUE(page) << page.error().detail;
      if (page->empty()) return;
      for (auto& event : *page) {
        EXPECT_LT(after_, event.position);
        after_ = event.position;
        seen_.push_back(event.id);
        EXPECT_NE(event.type, "test.undone");
      }
    }
  }
  void read_on_by_sequence() {
    auto rows = run([&] {
      return others_->read(ctx, [&](Tx& tx) {
        return tx.query("SELECT id, sequence FROM events WHERE sequence > ?1 ORDER BY sequence",
                        {highest_});
      });
    });
    ASSERT_TRUE(rows) << rows.error().detail;
    for (auto& row : *rows) {
      highest_ = row.integer("sequence");
      seen_by_sequence_.push_back(row.text("id"));
    }
  }

  std::unique_ptr<Database> others_;
  std::vector<std::string> seen_;
  std::vector<std::string> seen_by_sequence_;
  Position after_;
  std::int64_t highest_ = 0;
};
PARLEY_ON_DATABASE(SettlingDbTest, postgresql);

TEST_P(SettlingDbTest, HeldOpenLateAndRolledBackNothingIsSkippedOrSeenThatWasNot) {
  std::vector<std::unique_ptr<Gate>> gates;
  for (int round = 0; round < rounds; ++round) {
    int running = 0;
    auto hold = [&](std::string stream, bool rolled_back) -> Gate& {
      gates.push_back(std::make_unique<Gate>());
      auto change = [&gate = *gates.back(), stream, rolled_back](Tx& tx) -> Result<std::int64_t> {
        auto type = rolled_back ? "test.undone" : "test.late";
        auto version = tx.append(stream, {type, {}});
        gate.pass();
        if (rolled_back) return fail(Errc::invalid, "on purpose");
        return version;
      };
      ++running;
      asio::co_spawn(io, held(db(), ctx, change, running), asio::detached);
      io.restart();
      io.poll();
      gates.back()->wait_until_entered();
      return *gates.back();
    };
    auto& late = hold("late/" + std::to_string(round), false);
    auto& undone = hold("undone/" + std::to_string(round), true);
    auto& later = hold("later/" + std::to_string(round), false);
    for (int w = 0; w < writers; ++w) {
      ++running;
      asio::co_spawn(io, writing(*others_, ctx, w, running), asio::detached);
    }
    drive(running, 3 + writers / 2);
    read_on();
    read_on_by_sequence();
    // In another order each time, with reading in between.
    auto* first = round % 2 == 0 ? &late : &later;
    auto* last = round % 2 == 0 ? &later : &late;
    first->open();
    read_on();
    read_on_by_sequence();
    undone.open();
    read_on();
    last->open();
    drive(running, 0);
    read_on();
    read_on_by_sequence();
  }
  // Autovacuum or another test's transaction may hold the last ones back for a moment.
  auto all = [&] {
    return read([](Tx& tx) {
             return tx.query("SELECT id FROM events ORDER BY transaction_id, sequence");
           })
        .value();
  };
  auto committed = all();
  while (seen_.size() < committed.size()) read_on();
  ASSERT_EQ(seen_.size(), committed.size());
  for (std::size_t i = 0; i < seen_.size(); ++i) ASSERT_EQ(seen_[i], committed[i].text("id"));
  EXPECT_GT(seen_.size(), static_cast<std::size_t>(rounds) * 40);
  std::set<std::string> by_sequence(seen_by_sequence_.begin(), seen_by_sequence_.end());
  EXPECT_LT(by_sequence.size(), committed.size())
      << "nothing committed late: the test shows nothing";
}

}  // namespace
}  // namespace parley::store
