// The process is killed at every boundary of a saga: before and after each of its commits, before
// and after each effect. Each effect is there once, or undone.
#include <iostream>

#include "parley/saga/saga.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/kill_program.hpp"

namespace parley::saga {
namespace {

using testkit::kill_point;
using testkit::KillRun;
using testkit::ledger_of;

enum class Ending { well, refused };
enum class Buying { looked_up, blind };

/// A hold that honours keys, a purchase that does not, a confirmation that may be refused.
SagaType trip(const KillRun& run, Ending ending, Buying buying) {
  auto ledger = ledger_of(run);
  auto key = run.key;
  Step hold;
  hold.name = "hold";
  hold.repeat = Repeat::safe;
  hold.run = [=](StepContext) -> Task<json::value> {
    kill_point("before hold");
    ledger.book_once("hold", key);
    kill_point("after hold");
    co_return "held";
  };
  hold.undo = [=](StepContext, json::value) -> Task<void> {
    kill_point("before release");
    if (ledger.has("hold", key)) ledger.book_once("release", key);
    kill_point("after release");
    co_return Result<void>{};
  };
  Step buy;
  buy.name = "buy";
  buy.first_pause = 1ms;
  buy.repeat = buying == Buying::blind ? Repeat::safe : Repeat::unsafe;
  buy.run = [=](StepContext context) -> Task<json::value> {
    if (context.results.at("hold") != "held") co_return fail(Errc::invalid, "not held");
    kill_point("before buy");
    ledger.book("buy", key);
    kill_point("after buy");
    co_return "bought";
  };
  buy.undo = [=](StepContext, json::value) -> Task<void> {
    kill_point("before refund");
    if (ledger.has("buy", key)) ledger.book_once("refund", key);
    kill_point("after refund");
    co_return Result<void>{};
  };
  if (buying == Buying::looked_up)
    buy.reconcile = [=](StepContext) -> Task<std::optional<json::value>> {
      kill_point("before looking");
      if (ledger.has("buy", key)) co_return json::value("bought");
      co_return std::optional<json::value>();
    };
  Step confirm;
  confirm.name = "confirm";
  confirm.repeat = Repeat::safe;
  confirm.run = [=](StepContext) -> Task<json::value> {
    kill_point("before confirm");
    if (ending == Ending::refused) co_return fail(Errc::conflict, "refused");
    ledger.book_once("confirm", key);
    kill_point("after confirm");
    co_return nullptr;
  };
  return {"trip.v1", {hold, buy, confirm}};
}

/// The program: starts the saga, unless it was, and runs until it has ended.
void run_trip(const KillRun& run, Ending ending, Buying buying) {
  testkit::KillProgram program(run, "saga");
  queue::Queue::Options options;
  options.workers = {{"default", 1}, {"saga", 1}};
  options.lease = program.lease;
  options.poll = 100ms;
  queue::Queue queue({program.io.get_executor(), program.clock, program.random, *program.database,
                      program.registry, program.tracer},
                     options);
  Sagas sagas(program.clock, program.random, *program.watched, queue);
  sagas.add(trip(run, ending, buying));
  program.run([&]() -> asio::awaitable<void> {
    queue.start();
    auto starting = sagas.start(program.ctx, {"trip.v1", {}, run.key});
    auto id = co_await std::move(starting);
    if (!id) throw std::runtime_error(id.error().detail);
    auto ended = program.until_found("SELECT id FROM sagas WHERE id = ?1 AND ended_at IS NOT NULL",
                                     {id->str()});
    co_await std::move(ended);
    auto ending_queue = queue.stop();
    co_await std::move(ending_queue);
  });
}

const testkit::KillScenario well{
    "trip", [](const KillRun& run) { run_trip(run, Ending::well, Buying::looked_up); }};
const testkit::KillScenario refused{
    "refused-trip", [](const KillRun& run) { run_trip(run, Ending::refused, Buying::looked_up); }};
const testkit::KillScenario careless{
    "careless-trip", [](const KillRun& run) { run_trip(run, Ending::well, Buying::blind); }};

class SagaKillDbTest : public testkit::DatabaseTest {
 protected:
  /// The statuses of the sagas with that key.
  std::vector<std::string> statuses(const std::string& key) {
    auto rows = read([&](store::Tx& tx) {
      return tx.query("SELECT status FROM sagas WHERE start_key = ?1", {key});
    });
    std::vector<std::string> all;
    for (const auto& row : *rows) all.push_back(row.text("status"));
    return all;
  }
  std::int64_t events(const std::string& key, const std::string& type) {
    auto row = read([&](store::Tx& tx) {
      return tx.one(
          "SELECT COUNT(*) AS n FROM events JOIN sagas ON events.stream = 'saga/' || sagas.id "
          "WHERE sagas.start_key = ?1 AND events.type = ?2",
          {key, type});
    });
    return row->integer("n");
  }
  testkit::KillWalk walk(const std::string& scenario,
                         const std::function<void(const KillRun&)>& check) {
    auto walked = testkit::walk_kill_points({scenario, url(), folder(), ""}, check);
    std::cout << scenario << ": killed at " << walked.killed.size() << " points\n";
    return walked;
  }
};
PARLEY_ON_BOTH_DATABASES(SagaKillDbTest);

using Statuses = std::vector<std::string>;

TEST_P(SagaKillDbTest, EachEffectOnce) {
  auto walked = walk("trip", [&](const KillRun& run) {
    auto ledger = ledger_of(run);
    EXPECT_EQ(statuses(run.key), Statuses{"completed"});
    for (auto effect : {"hold", "buy", "confirm"}) EXPECT_EQ(ledger.count(effect, run.key), 1);
    for (auto undone : {"release", "refund"}) EXPECT_EQ(ledger.count(undone, run.key), 0);
    EXPECT_EQ(events(run.key, "saga.started"), 1);
    EXPECT_EQ(events(run.key, "saga.step_completed"), 3);
    EXPECT_EQ(events(run.key, "saga.completed"), 1);
  });
  // The start, the taking up, and for each of three steps: begun, its effect, done.
  EXPECT_GE(walked.killed.size(), 22u);
}

TEST_P(SagaKillDbTest, OrUndone) {
  auto walked = walk("refused-trip", [&](const KillRun& run) {
    auto ledger = ledger_of(run);
    EXPECT_EQ(statuses(run.key), Statuses{"failed"});
    for (auto effect : {"hold", "buy", "release", "refund"})
      EXPECT_EQ(ledger.count(effect, run.key), 1) << effect;
    EXPECT_EQ(events(run.key, "saga.compensating"), 1);
    EXPECT_EQ(events(run.key, "saga.failed"), 1);
  });
  EXPECT_GE(walked.killed.size(), 30u);
}

/// The harness finds what it is for: a purchase that is repeated without a look.
TEST_P(SagaKillDbTest, TheHarnessCatchesACarelessStep) {
  int doubled = 0;
  walk("careless-trip",
       [&](const KillRun& run) { doubled += ledger_of(run).count("buy", run.key) > 1 ? 1 : 0; });
  EXPECT_GT(doubled, 0);
}

}  // namespace
}  // namespace parley::saga
