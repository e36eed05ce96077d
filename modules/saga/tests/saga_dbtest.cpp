#include <gtest/gtest.h>

#include "parley/saga/saga.hpp"
#include "parley/store/event_log.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"
#include "saga_rows.hpp"

namespace parley::saga {
namespace {

using Names = std::vector<std::string>;

class SagaDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    make();
  }
  void TearDown() override {
    stop();
    sagas.reset();
    queue_.reset();
    DatabaseTest::TearDown();
  }
  void make() {
    queue::Queue::Parts parts{io.get_executor(), clock, random, db(), registry_, tracer_};
    queue::Queue::Options options;
    options.workers = {{"default", 1}, {"saga", 4}};
    options.poll = 1h;
    options.lease = 24h;
    queue_ = std::make_unique<queue::Queue>(parts, options);
    sagas = std::make_unique<Sagas>(clock, random, db(), *queue_);
  }
  void stop() {
    run([&]() -> Task<void> {
      auto ending = queue_->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
  }
  void go() { queue_->start(); }

  /// A step that notes what it is asked, and answers as told; the last answer for ever.
  Step step(std::string name, std::vector<Result<json::value>> answers = {json::value("ok")}) {
    Step made;
    made.name = name;
    made.run = [this, name, answers, times = std::make_shared<std::size_t>(0)](
                   StepContext context) -> Task<json::value> {
      said.push_back("run " + name);
      contexts.push_back(context);
      co_return answers[std::min((*times)++, answers.size() - 1)];
    };
    made.undo = [this, name](StepContext, json::value result) -> Task<void> {
      said.push_back("undo " + name + " " + json::serialize(result));
      co_return Result<void>{};
    };
    made.repeat = Repeat::safe;
    return made;
  }
  Step unsafe(std::string name, std::vector<Result<json::value>> answers,
              std::vector<Result<std::optional<json::value>>> found) {
    auto made = step(name, std::move(answers));
    made.repeat = Repeat::unsafe;
    made.reconcile = [this, name, found, times = std::make_shared<std::size_t>(0)](
                         StepContext) -> Task<std::optional<json::value>> {
      said.push_back("look " + name);
      co_return found[std::min((*times)++, found.size() - 1)];
    };
    return made;
  }
  SagaId begin(json::object input = {}, std::string key = "") {
    auto started = run([&] { return sagas->start(ctx, {"trip.v1", input, key}); });
    EXPECT_TRUE(started) << started.error().detail;
    return started.value_or(SagaId{});
  }
  SagaView look(const SagaId& id) {
    auto found = run([&] { return sagas->find(ctx, id); });
    EXPECT_TRUE(found) << found.error().detail;
    return found.value_or(SagaView{});
  }
  SagaView until_status(const SagaId& id, SagaStatus status) {
    until([&] { return look(id).status == status; });
    return look(id);
  }
  Names events(const SagaId& id) {
    Names types;
    until([&] {
      auto all = read([&](store::Tx& tx) {
        return store::read_events(tx, {ctx.organization, "saga/" + id.str(), {}}, {}, 100);
      });
      types.clear();
      for (const auto& event : *all) types.push_back(event.type);
      return !types.empty();
    });
    return types;
  }

  Names said;
  std::vector<StepContext> contexts;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<Sagas> sagas;

 private:
  metrics::Registry registry_;
  trace::NoSpanSink sink_;
  trace::Tracer tracer_{clock, random, sink_};
};
PARLEY_ON_BOTH_DATABASES(SagaDbTest);

std::unexpected<Error> no(Errc code) { return fail(code, "no: " + std::string(to_string(code))); }

TEST_P(SagaDbTest, StepsInOrderWithTheResultsOfThoseBefore) {
  sagas->add({"trip.v1", {step("a", {json::value("A")}), step("b", {json::value(7)})}});
  go();
  auto id = begin({{"who", "x"}});
  auto view = until_status(id, SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run a", "run b"}));
  EXPECT_EQ(contexts[1].results, (json::object{{"a", "A"}}));
  EXPECT_EQ(contexts[1].input, (json::object{{"who", "x"}}));
  EXPECT_EQ(contexts[1].idempotency_key, id.str() + "/b");
  EXPECT_EQ(contexts[1].ctx.organization, ctx.organization);
  EXPECT_EQ(view.steps[1].status, StepStatus::done);
  EXPECT_EQ(view.steps[1].result, json::value(7));
  EXPECT_TRUE(view.ended_at);
  EXPECT_EQ(events(id), (Names{"saga.started", "saga.step_completed", "saga.step_completed",
                               "saga.completed"}));
}

TEST_P(SagaDbTest, StartsInTheCallersTransactionAndOnceForAKey) {
  sagas->add({"trip.v1", {step("a")}});
  go();
  auto refused = write([&](store::Tx& tx) -> Result<SagaId> {
    auto started = sagas->start(tx, {"trip.v1", {}, "k"});
    EXPECT_TRUE(started);
    return fail(Errc::forbidden, "rolled back");
  });
  EXPECT_FALSE(refused);
  auto first = begin({}, "k");
  until_status(first, SagaStatus::completed);
  EXPECT_EQ(begin({}, "k"), first);
  EXPECT_EQ(said, Names{"run a"});
  auto unknown = run([&] { return sagas->start(ctx, {"tripp.v1", {}, ""}); });
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  EXPECT_NE(unknown.error().detail.find("did you mean 'trip.v1'?"), std::string::npos);
  auto big =
      run([&] { return sagas->start(ctx, {"trip.v1", {{"x", std::string(300'000, 'x')}}, ""}); });
  EXPECT_EQ(big.error().code, Errc::too_large);
}

TEST_P(SagaDbTest, AStepThatFailsForGoodUndoesTheOthersLastFirst) {
  sagas->add({"trip.v1",
              {step("a", {json::value("A")}), step("b", {json::value("B")}),
               step("c", {no(Errc::conflict)}), step("d")}});
  go();
  auto id = begin();
  auto view = until_status(id, SagaStatus::failed);
  EXPECT_EQ(said, (Names{"run a", "run b", "run c", "undo b \"B\"", "undo a \"A\""}));
  EXPECT_EQ(view.last_error, "no: conflict");
  EXPECT_EQ(view.steps[0].status, StepStatus::undone);
  EXPECT_EQ(view.steps[2].status, StepStatus::failed);
  EXPECT_EQ(view.steps[3].status, StepStatus::pending);
  EXPECT_EQ(events(id), (Names{"saga.started", "saga.step_completed", "saga.step_completed",
                               "saga.compensating", "saga.failed"}));
}

TEST_P(SagaDbTest, WhatNeverHappenedIsTriedAgainWithPauses) {
  auto slow = step("a", {no(Errc::unavailable), no(Errc::timeout), json::value("A")});
  slow.first_pause = 1min;
  sagas->add({"trip.v1", {slow}});
  go();
  auto id = begin();
  for (std::size_t i = 1; i <= 2; ++i) {
    until([&] { return said.size() == i && look(id).steps[0].status == StepStatus::pending; });
    EXPECT_EQ(look(id).steps[0].attempts, static_cast<std::int64_t>(i));
    clock.advance(1min * i + 1s);
  }
  until_status(id, SagaStatus::completed);
  EXPECT_EQ(said.size(), 3u);
}

TEST_P(SagaDbTest, AfterItsAttemptsAStepIsGivenUp) {
  auto never = step("b", {no(Errc::rate_limited)});
  never.max_attempts = 3;
  never.first_pause = 1ms;
  sagas->add({"trip.v1", {step("a"), never}});
  go();
  until_status(begin(), SagaStatus::failed);
  EXPECT_EQ(said, (Names{"run a", "run b", "run b", "run b", "undo a \"ok\""}));
}

TEST_P(SagaDbTest, AnUnknownOutcomeIsLookedUpAndNeverRepeatedBlindly) {
  auto buy = unsafe("b", {no(Errc::outcome_unknown), json::value("again")},
                    {no(Errc::unavailable), std::optional<json::value>("found")});
  buy.first_pause = 1ms;
  sagas->add({"trip.v1", {step("a"), buy, step("c")}});
  go();
  auto id = begin();
  auto view = until_status(id, SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run a", "run b", "look b", "look b", "run c"}));
  EXPECT_EQ(view.steps[1].result, json::value("found"));
  EXPECT_EQ(view.steps[1].checks, 1);
}

TEST_P(SagaDbTest, WhatWasLookedUpAndDidNotHappenIsTriedAgain) {
  auto buy =
      unsafe("b", {no(Errc::corrupt), json::value("bought")}, {std::optional<json::value>()});
  buy.first_pause = 1ms;
  sagas->add({"trip.v1", {buy}});
  go();
  auto view = until_status(begin(), SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run b", "look b", "run b"}));
  EXPECT_EQ(view.steps[0].result, json::value("bought"));
}

TEST_P(SagaDbTest, WhatCannotBeLookedUpIsStuckUntilResumed) {
  auto buy = unsafe("b", {no(Errc::outcome_unknown)},
                    {no(Errc::unavailable), no(Errc::unavailable), std::optional<json::value>(1)});
  buy.first_pause = 1ms;
  buy.max_checks = 2;
  sagas->add({"trip.v1", {buy}});
  go();
  auto id = begin();
  auto view = until_status(id, SagaStatus::stuck);
  EXPECT_FALSE(view.ended_at);
  auto open = run([&] { return sagas->open(ctx, SagaId{}, 10); });
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(events(id).back(), "saga.stuck");
  ASSERT_TRUE(run([&] { return sagas->resume(ctx, id); }));
  until_status(id, SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run b", "look b", "look b", "look b"}));
  EXPECT_TRUE(run([&] { return sagas->open(ctx, SagaId{}, 10); })->empty());
  EXPECT_EQ(run([&] { return sagas->resume(ctx, id); }).error().code, Errc::conflict);
}

TEST_P(SagaDbTest, AThrowingStepMayHaveHappened) {
  auto buy = unsafe("b", {json::value(1)}, {std::optional<json::value>("found")});
  buy.run = [this](StepContext) -> Task<json::value> {
    said.push_back("run b");
    throw std::runtime_error("after the effect");
    co_return json::value();
  };
  sagas->add({"trip.v1", {buy}});
  go();
  auto view = until_status(begin(), SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run b", "look b"}));
  EXPECT_EQ(view.steps[0].result, json::value("found"));
}

TEST_P(SagaDbTest, AHungStepIsCutOffAtItsTimeoutAndLookedUp) {
  auto buy = unsafe("b", {json::value(1)}, {std::optional<json::value>("found")});
  buy.timeout = 10s;
  buy.run = [this](StepContext context) -> Task<json::value> {
    said.push_back("run b");
    EXPECT_LE(context.ctx.deadline, clock.now() + 10s);
    auto hang = clock.sleep_for(1h);
    co_await std::move(hang);
    co_return json::value();
  };
  sagas->add({"trip.v1", {buy}});
  go();
  auto id = begin();
  until([&] { return said.size() == 1; });
  clock.advance(11s);
  until_status(id, SagaStatus::completed);
  EXPECT_EQ(said, (Names{"run b", "look b"}));
}

TEST_P(SagaDbTest, ASafeStepOfUnknownOutcomeIsUndoneWithoutAResult) {
  auto hold = step("b", {no(Errc::outcome_unknown), no(Errc::conflict)});
  hold.first_pause = 1ms;
  sagas->add({"trip.v1", {step("a"), hold}});
  go();
  until_status(begin(), SagaStatus::failed);
  EXPECT_EQ(said, (Names{"run a", "run b", "run b", "undo b null", "undo a \"ok\""}));
}

TEST_P(SagaDbTest, UndoingIsTriedUntilItWorksOrIsStuck) {
  auto a = step("a");
  int undone = 0;
  bool cured = false;
  a.first_pause = 1ms;
  a.max_checks = 3;
  a.undo = [&](StepContext, json::value) -> Task<void> {
    ++undone;
    if (cured) co_return Result<void>{};
    co_return fail(Errc::unavailable, "not now");
  };
  sagas->add({"trip.v1", {a, step("b", {no(Errc::invalid)})}});
  go();
  auto id = begin();
  auto view = until_status(id, SagaStatus::stuck);
  EXPECT_EQ(undone, 3);
  EXPECT_EQ(view.last_error, "not now");
  cured = true;
  ASSERT_TRUE(run([&] { return sagas->resume(ctx, id); }));
  until_status(id, SagaStatus::failed);
  EXPECT_EQ(undone, 4);
  EXPECT_EQ(said, (Names{"run a", "run b"})) << "no step forward";
}

TEST_P(SagaDbTest, AWorkerThatWasOvertakenChangesNothing) {
  sagas->add({"trip.v1", {step("a"), step("b")}});
  auto id = begin();
  auto take = [&] { return write([&](store::Tx& tx) { return take_up(tx, id); }); };
  auto old = take();
  ASSERT_TRUE(old && *old);
  auto newer = take();
  ASSERT_TRUE(newer && *newer);
  (*old)->view.steps[0].status = StepStatus::done;
  auto late = write([&](store::Tx& tx) { return save(tx, **old, 0); });
  EXPECT_EQ(late.error().code, Errc::conflict);
  EXPECT_EQ(look(id).steps[0].status, StepStatus::pending);
  EXPECT_TRUE(write([&](store::Tx& tx) { return save(tx, **newer, 0); }));
}

TEST_P(SagaDbTest, ATakenUpStepThatHadBegunIsLookedUpFirst) {
  auto buy = unsafe("b", {json::value("twice")}, {std::optional<json::value>("once")});
  sagas->add({"trip.v1", {buy}});
  auto id = begin();
  // What a worker leaves that was killed in its step.
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    auto held = take_up(tx, id);
    if (!held) return std::unexpected(held.error());
    (*held)->view.steps[0].status = StepStatus::started;
    return save(tx, **held, 0);
  }));
  go();
  auto view = until_status(id, SagaStatus::completed);
  EXPECT_EQ(said, Names{"look b"});
  EXPECT_EQ(view.steps[0].result, json::value("once"));
}

TEST_P(SagaDbTest, OthersSeeNothing) {
  sagas->add({"trip.v1", {step("a")}});
  auto id = begin();
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  EXPECT_EQ(run([&] { return sagas->find(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return sagas->resume(others, id); }).error().code, Errc::not_found);
  EXPECT_TRUE(run([&] { return sagas->open(others, SagaId{}, 10); })->empty());
  EXPECT_EQ(run([&] { return sagas->open(Context{}, SagaId{}, 10); })->size(), 1u);
  EXPECT_EQ(run([&] { return sagas->open(ctx, SagaId{}, 0); }).error().code, Errc::invalid);
}

TEST_P(SagaDbTest, ChangedStepsAreNotRunAndTypesAreChecked) {
  sagas->add({"trip.v1", {step("a"), step("b")}});
  auto id = begin();
  stop();
  sagas.reset();
  make();
  sagas->add({"trip.v1", {step("a"), step("c")}});
  EXPECT_THROW(sagas->add({"trip.v1", {step("a")}}), std::logic_error);
  EXPECT_THROW(sagas->add({"empty.v1", {}}), std::logic_error);
  EXPECT_THROW(sagas->add({"twice.v1", {step("a"), step("a")}}), std::logic_error);
  auto blind = step("a");
  blind.repeat = Repeat::unsafe;
  EXPECT_THROW(sagas->add({"blind.v1", {blind}}), std::logic_error);
  go();
  until([&] { return run([&] { return queue_->dead_letters(ctx, JobId{}, 10); })->size() == 1; });
  EXPECT_TRUE(said.empty());
  EXPECT_EQ(look(id).status, SagaStatus::running) << "resumed once the program knows it again";
}

}  // namespace
}  // namespace parley::saga
