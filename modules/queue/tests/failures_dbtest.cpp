// Handlers that fail, throw, hang, or are poison; what is tried again, and what is given up.
#include <atomic>
#include <thread>

#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

/// Commits, and then loses the connection before the answer, as often as it is told.
class LosesAnswers final : public store::Database {
 public:
  explicit LosesAnswers(store::Database& inner) : inner_(inner) {}
  Kind kind() const noexcept override { return inner_.kind(); }
  void on_commit(std::function<void()> listener) override { inner_.on_commit(std::move(listener)); }
  void close() override {}
  std::atomic<int> to_lose = 0;

 private:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    if (mode == Mode::write && to_lose > 0 && to_lose-- > 0)
      done = [done = std::move(done)](Result<void> ended) {
        done(ended ? fail(Errc::outcome_unknown, "the connection was lost") : std::move(ended));
      };
    submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(done));
  }
  store::Database& inner_;
};

class FailuresDbTest : public QueueDbTest {
 protected:
  std::unique_ptr<LosesAnswers> forgetful;  ///< outlives the queues
  std::vector<Job> dead(Queue& queue, Context who) {
    auto letters = run([&] { return queue.dead_letters(who, JobId{}, 100); });
    EXPECT_TRUE(letters);
    return letters.value_or(std::vector<Job>{});
  }
};
PARLEY_ON_BOTH_DATABASES(FailuresDbTest);

/// Nobody else would run them: their node lives.
TEST_P(FailuresDbTest, JobsWhoseClaimLostItsAnswerAreRun) {
  forgetful = std::make_unique<LosesAnswers>(db());
  auto& queue = make(quiet(), io, *forgetful);
  queue.add("work.v1", {}, noting());
  queue.start();
  put(queue, job("before"));
  until([&] { return seen.size() == 1; });
  let_run();
  forgetful->to_lose = 2;  // the claim's, and that of looking what came of it
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    for (auto* what : {"a", "b"})
      if (auto done = queue.enqueue(tx, job(what)); !done) return std::unexpected(done.error());
    return {};
  }));
  until([&] { return seen.size() == 3; });
  EXPECT_EQ(forgetful->to_lose, 0);
}

TEST_P(FailuresDbTest, TriedAgainThenDeadThenReplayed) {
  auto& queue = make(quiet());
  bool cured = false;
  queue.add("work.v1", {.max_attempts = 3, .first_pause = 1min},
            [&](Context c, JobRun& r) -> Task<void> {
              note(c, r);
              if (cured) co_return Result<void>{};
              co_return fail(Errc::unavailable, "the vendor is away");
            });
  queue.start();
  auto id = put(queue, job("x")).id;
  for (int attempt = 1; attempt < 3; ++attempt) {
    until([&] { return seen.size() == static_cast<std::size_t>(attempt); });
    until_state(queue, id, JobState::delayed);
    auto failed = look(queue, id);
    EXPECT_EQ(failed.attempts, attempt);
    EXPECT_EQ(failed.last_error, "the vendor is away");
    auto longest = 1min * (1 << (attempt - 1));
    auto pause = failed.run_at - clock.wall();
    EXPECT_GE(pause, longest / 2);
    EXPECT_LE(pause, longest + 30s) << "real time runs too";
    clock.advance(longest);
  }
  until_state(queue, id, JobState::dead);
  auto letters = dead(queue, ctx);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].id, id);
  EXPECT_EQ(letters[0].last_error, "the vendor is away");
  EXPECT_EQ(letters[0].attempts, 3);
  EXPECT_TRUE(letters[0].died_at);
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  EXPECT_TRUE(dead(queue, others).empty());
  EXPECT_EQ(run([&] { return queue.replay(others, id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return queue.discard(others, id); }).error().code, Errc::not_found);
  cured = true;
  ASSERT_TRUE(run([&] { return queue.replay(ctx, id); }));
  until_state(queue, id, JobState::done);
  ASSERT_EQ(seen.size(), 4u);
  for (const auto& one : seen) EXPECT_EQ(one.key, id.str()) << "one key for all attempts";
  EXPECT_EQ(seen.back().attempt, 1);
  EXPECT_EQ(run([&] { return queue.replay(ctx, id); }).error().code, Errc::not_found);
  EXPECT_NE(
      registry_.text().find("parley_queue_attempts_total{handler=\"work.v1\",outcome=\"dead\"} 1"),
      std::string::npos);
}

TEST_P(FailuresDbTest, WhatCannotHelpIsDeadAtOnceAndMayBeDiscarded) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, [](Context, JobRun& run) -> Task<void> {
    if (run.payload().at("what") == "a") co_return fail(Errc::invalid, "no such field");
    co_return fail(Errc::unsupported, "not that");
  });
  queue.start();
  auto a = put(queue, job("a")).id;
  auto b = put(queue, job("b")).id;
  until_state(queue, a, JobState::dead);
  until_state(queue, b, JobState::dead);
  EXPECT_EQ(look(queue, a).attempts, 1);
  auto first = run([&] { return queue.dead_letters(ctx, JobId{}, 1); });
  ASSERT_EQ(first->size(), 1u);
  auto rest = run([&] { return queue.dead_letters(ctx, first->front().id, 10); });
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ(run([&] { return queue.dead_letters(ctx, JobId{}, 0); }).error().code, Errc::invalid);
  ASSERT_TRUE(run([&] { return queue.discard(ctx, a); }));
  EXPECT_EQ(run([&] { return queue.discard(ctx, a); }).error().code, Errc::not_found);
  EXPECT_EQ(dead(queue, ctx).size(), 1u);
}

TEST_P(FailuresDbTest, AHandlerThatThrowsHasFailed) {
  auto& queue = make(quiet());
  queue.add("work.v1", {.max_attempts = 2, .first_pause = 1ms},
            [&](Context c, JobRun& r) -> Task<void> {
              note(c, r);
              if (r.attempt() == 1) throw std::runtime_error("b\xc3\xb6se \xff");
              throw 42;
              co_return Result<void>{};
            });
  queue.start();
  auto id = put(queue, job("x")).id;
  until_state(queue, id, JobState::dead);
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_EQ(look(queue, id).last_error, "the handler threw");
}

TEST_P(FailuresDbTest, AHandlerThatHangsIsCancelledAtItsLimit) {
  auto& queue = make(quiet());
  bool cancelled = false;
  queue.add("work.v1", {.first_pause = 1ms, .time_limit = 5s},
            [&](Context c, JobRun& r) -> Task<void> {
              note(c, r);
              if (r.attempt() > 1) co_return Result<void>{};
              struct Notice {
                bool& gone;
                ~Notice() { gone = true; }
              } notice{cancelled};
              auto hang = clock.sleep_for(24h);
              co_await std::move(hang);
              co_return Result<void>{};
            });
  queue.start();
  auto id = put(queue, job("x")).id;
  until([&] { return seen.size() == 1; });
  clock.advance(6s);
  until_state(queue, id, JobState::done);
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(seen.size(), 2u);
}

TEST_P(FailuresDbTest, EachAttemptHasItsOwnLimit) {
  auto& queue = make(quiet());
  bool release = false;
  auto hang_once = [&](Context c, JobRun& r) -> Task<void> {
    note(c, r);
    if (r.attempt() > 1) co_return Result<void>{};
    while (!release) {
      auto pause = clock.sleep_for(1s);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  };
  queue.add("long.v1", {.first_pause = 1ms, .time_limit = 1h}, hang_once);
  queue.add("short.v1", {.first_pause = 1ms, .time_limit = 5s}, hang_once);
  queue.start();
  auto last = put(queue, job("long", "long.v1")).id;
  until([&] { return seen.size() == 1; });
  for (std::size_t i = 0; i < 3; ++i) {
    auto id = put(queue, job("short", "short.v1")).id;
    until([&] { return seen.size() == 2 + 2 * i; });
    clock.advance(6s);
    until_state(queue, id, JobState::done);
    EXPECT_EQ(look(queue, id).attempts, 2);
    EXPECT_EQ(look(queue, id).last_error, "the handler passed its time limit");
  }
  EXPECT_EQ(state(queue, last), JobState::running);
  release = true;
  clock.advance(1s);
  until_state(queue, last, JobState::done);
  EXPECT_EQ(look(queue, last).attempts, 1);
}

/// However they end: they share a statement.
TEST_P(FailuresDbTest, ManyEndAtOnceEachInItsWay) {
  auto options = quiet();
  options.workers["default"] = 64;
  auto& queue = make(options);
  int begun = 0;
  bool release = false;
  queue.add("work.v1", {.max_attempts = 2, .first_pause = 1h},
            [&](Context, JobRun& r) -> Task<void> {
              ++begun;
              auto what = r.payload().at("what").as_string();
              while (!release || what == "cancelled") {
                auto pause = clock.sleep_for(1ms);
                co_await std::move(pause);
              }
              if (what == "again") co_return fail(Errc::unavailable, "it's {\"away\"} \\");
              if (what == "dead") co_return fail(Errc::invalid, "NULL");
              co_return Result<void>{};
            });
  queue.start();
  std::vector<NewJob> jobs;
  for (int i = 0; i < 16; ++i)
    for (auto* what : {"done", "again", "dead", "cancelled"}) {
      jobs.push_back(job(what));
      jobs.back().unique_key = what + std::to_string(i);
    }
  auto all = write([&](store::Tx& tx) { return queue.enqueue_all(tx, jobs); });
  ASSERT_TRUE(all) << all.error().detail;
  until([&] { return begun == 64; });
  for (std::size_t i = 3; i < jobs.size(); i += 4)
    ASSERT_TRUE(run([&] { return queue.cancel(ctx, (*all)[i].id); }));
  release = true;
  until_finished();
  constexpr JobState wanted[]{JobState::done, JobState::delayed, JobState::dead,
                              JobState::cancelled};
  constexpr std::string_view errors[]{"", "it's {\"away\"} \\", "NULL", ""};
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto ended = look(queue, (*all)[i].id);
    EXPECT_EQ(ended.state, wanted[i % 4]);
    EXPECT_EQ(ended.last_error, errors[i % 4]);
    EXPECT_EQ(ended.progress, i % 4 == 0 ? 100 : 0);
    EXPECT_EQ(ended.finished_at.has_value(), i % 4 == 0 || i % 4 == 3);
    EXPECT_EQ(ended.died_at.has_value(), i % 4 == 2);
    EXPECT_EQ(ended.unique_key.empty(), i % 4 != 1) << "free again, but for the one that goes on";
    EXPECT_EQ(ended.attempts, 1);
    if (i % 4 == 1) EXPECT_GE(ended.run_at, clock.wall() + 29min);
  }
  for (auto* outcome : {"done", "again", "dead", "cancelled"})
    EXPECT_NE(registry_.text().find("outcome=\"" + std::string(outcome) + "\"} 16"),
              std::string::npos);
}

TEST_P(FailuresDbTest, AHandlerDeafToCancellationIsGivenUpAndItsAnswerRefused) {
  auto& queue = make(quiet());
  bool release = false;
  queue.add("work.v1", {.first_pause = 1ms, .time_limit = 2s},
            [&](Context c, JobRun& r) -> Task<void> {
              note(c, r);
              if (r.attempt() > 1) co_return Result<void>{};
              auto executor = co_await asio::this_coro::executor;
              co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
              while (!release) co_await asio::post(executor, asio::use_awaitable);
              co_return Result<void>{};
            });
  queue.start();
  auto id = put(queue, job("x")).id;
  until([&] { return seen.size() == 1; });
  // Past its limit and the time to notice; in steps in which the node beats.
  for (int i = 0; i < 4; ++i) {
    clock.advance(4s);
    let_run(20);
  }
  until_state(queue, id, JobState::done);
  EXPECT_EQ(seen.size(), 2u) << "another attempt, beside the deaf one";
  release = true;
  let_run(50);
  EXPECT_EQ(look(queue, id).attempts, 2);
  EXPECT_EQ(state(queue, id), JobState::done);
}

TEST_P(FailuresDbTest, RetryAfterIsWaitedFor) {
  auto& queue = make(quiet());
  queue.add("work.v1", {.first_pause = 1s}, [&](Context c, JobRun& r) -> Task<void> {
    note(c, r);
    if (r.attempt() > 1) co_return Result<void>{};
    co_return std::unexpected(Error{Errc::rate_limited, "slow down", 10min});
  });
  queue.start();
  auto id = put(queue, job("x")).id;
  until_state(queue, id, JobState::delayed);
  EXPECT_GE(look(queue, id).run_at, clock.wall() + 10min);
}

TEST_P(FailuresDbTest, NotStartedInTimeIsDead) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  auto urgent = job("too late");
  urgent.ttl = 5min;
  auto late = put(queue, urgent).id;
  auto delayed = job("delayed");
  delayed.delay = 10min;
  delayed.ttl = 5min;
  auto in_time = put(queue, delayed).id;
  clock.advance(11min);
  queue.start();
  until_state(queue, late, JobState::dead);
  EXPECT_EQ(look(queue, late).last_error, "expired: it was not started in time");
  until_state(queue, in_time, JobState::done);
  EXPECT_EQ(seen.size(), 1u) << "its time counts from when it is due";
}

TEST_P(FailuresDbTest, AnUnknownHandlerWaitsForANodeThatHasIt) {
  auto& newer = make(quiet());
  newer.add("new.v2", {}, noting());
  auto id = put(newer, job("x", "new.v2")).id;
  auto& older = make(quiet());
  older.add("old.v1", {}, noting());
  older.start();
  until_state(older, id, JobState::delayed);
  EXPECT_EQ(look(older, id).attempts, 0) << "not an attempt";
  stop(older);
  newer.start();
  clock.advance(2min);
  until_state(newer, id, JobState::done);
}

}  // namespace
}  // namespace parley::queue
