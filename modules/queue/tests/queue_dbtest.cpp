#include <numeric>

#include "queue_fixture.hpp"

namespace parley::queue {
namespace {

using Names = std::vector<std::string>;
PARLEY_ON_BOTH_DATABASES(QueueDbTest);

TEST_P(QueueDbTest, AJobIsPartOfTheTransactionThatWantsIt) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.start();
  auto refused = write([&](store::Tx& tx) -> Result<Enqueued> {
    auto enqueued = queue.enqueue(tx, job("never"));
    EXPECT_TRUE(enqueued);
    return fail(Errc::forbidden, "rolled back");
  });
  EXPECT_FALSE(refused);
  auto done = write([&](store::Tx& tx) { return queue.enqueue(tx, job("once")); });
  ASSERT_TRUE(done) << done.error().detail;
  until_state(queue, done->id, JobState::done);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0], (Seen{done->id.str(), "once", 1, ctx.organization}));
  auto job = look(queue, done->id);
  EXPECT_EQ(job.progress, 100);
  EXPECT_EQ(job.finished_at, clock.wall());
  EXPECT_EQ(job.last_error, "");
}

TEST_P(QueueDbTest, WorkersAreWokenWithoutPolling) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.start();
  let_run(20);
  for (int i = 0; i < 20; ++i) {
    auto id = put(queue, job("one")).id;
    until_state(queue, id, JobState::done);
  }
  EXPECT_EQ(seen.size(), 20u) << "although a poll is an hour away";
}

TEST_P(QueueDbTest, ANodePollsForWhatOthersEnqueue) {
  auto options = quiet();
  options.poll = 10ms;
  auto& runs = make(options);
  runs.add("work.v1", {}, noting());
  runs.start();
  auto other = open_another();
  auto& enqueues = make(quiet(), io, *other);
  enqueues.add("work.v1", {}, noting());
  auto id = put(enqueues, job("of the other")).id;
  until_state(runs, id, JobState::done);
  stop(enqueues);
}

TEST_P(QueueDbTest, UrgentOnesFirstThenInOrder) {
  auto& queue = make(quiet());
  queue.add("slow.v1", {.lane = "slow"}, noting());
  auto urgent = job("urgent", "slow.v1");
  urgent.priority = Priority::urgent;
  auto bulk = job("bulk", "slow.v1");
  bulk.priority = Priority::bulk;
  put(queue, bulk);
  Names names{"urgent"};
  for (int i = 0; i < 30; ++i) {
    names.push_back(std::to_string(i));
    put(queue, job(std::to_string(i), "slow.v1"));
  }
  names.push_back("bulk");
  put(queue, urgent);
  queue.start();
  until([&] { return seen.size() == names.size(); });
  EXPECT_EQ(whats(), names);
}

TEST_P(QueueDbTest, DelaysAndTimes) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.start();
  auto delayed = job("delayed");
  delayed.delay = 1h;
  auto at = job("at");
  at.at = clock.wall() + 30min;
  auto first = put(queue, delayed).id;
  auto second = put(queue, at).id;
  put(queue, job("now"));
  until([&] { return seen.size() == 1; });
  EXPECT_EQ(state(queue, first), JobState::delayed);
  EXPECT_EQ(state(queue, second), JobState::scheduled);
  clock.advance(31min);
  until_state(queue, second, JobState::done);
  clock.advance(30min);
  until_state(queue, first, JobState::done);
  EXPECT_EQ(whats(), (Names{"now", "at", "delayed"}));
}

TEST_P(QueueDbTest, AUniqueKeyHoldsUntilTheJobHasEnded) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  auto unique = job("first");
  unique.unique_key = "k";
  auto first = put(queue, unique);
  unique.payload = {{"what", "second"}};
  auto second = put(queue, unique);
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.as, Enqueued::As::duplicate);
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  auto elsewhere = run([&] { return queue.enqueue(others, unique); });
  EXPECT_EQ(elsewhere->as, Enqueued::As::fresh) << "keys belong to an organization";
  queue.start();
  until_state(queue, first.id, JobState::done);
  auto third = put(queue, unique);
  EXPECT_EQ(third.as, Enqueued::As::fresh);
  until_state(queue, third.id, JobState::done);
}

TEST_P(QueueDbTest, ManyAtOnceMakeOneUniqueJob) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  auto unique = job("one");
  unique.unique_key = "k";
  int fresh = 0;
  int ended = 0;
  for (int i = 0; i < 20; ++i)
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          auto work = queue.enqueue(ctx, unique);
          auto enqueued = co_await std::move(work);
          EXPECT_TRUE(enqueued) << enqueued.error().detail;
          if (enqueued && enqueued->as == Enqueued::As::fresh) ++fresh;
          ++ended;
        },
        [](std::exception_ptr e) {
          if (e) std::rethrow_exception(e);
        });
  until([&] { return ended == 20; });
  EXPECT_EQ(fresh, 1);
}

TEST_P(QueueDbTest, ManyAreEnqueuedAtOnce) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  queue.add("slow.v1", {.lane = "slow"}, noting());
  queue.start();
  std::vector<NewJob> jobs;
  for (int i = 0; i < 101; ++i) jobs.push_back(job(std::to_string(i)));
  jobs[3].handler = "slow.v1";
  jobs[5].unique_key = jobs[6].unique_key = "once";
  jobs[7].group = "g";
  jobs[8].delay = 1h;
  std::vector<Enqueued> all;
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    auto put = queue.enqueue_all(tx, jobs);
    if (!put) return std::unexpected(put.error());
    all = std::move(*put);
    return {};
  }));
  ASSERT_EQ(all.size(), 101u);
  EXPECT_EQ(all[6].as, Enqueued::As::duplicate);
  EXPECT_EQ(all[6].id, all[5].id);
  until([&] { return seen.size() == 99; });
  EXPECT_EQ(state(queue, all[8].id), JobState::delayed);
  for (std::size_t i : {0u, 3u, 7u, 100u})
    EXPECT_EQ(look(queue, all[i].id).payload, jobs[i].payload);
  jobs[50].handler = "unknown.v1";
  auto refused = write([&](store::Tx& tx) -> Result<void> {
    auto put = queue.enqueue_all(tx, jobs);
    if (!put) return std::unexpected(put.error());
    return {};
  });
  EXPECT_EQ(refused.error().code, Errc::not_found);
}

/// More than one statement takes, some of them with keys that others have.
TEST_P(QueueDbTest, ManyWithKeysAreEnqueuedAtOnce) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  auto keyed = [](int i) {
    auto one = job(std::to_string(i));
    one.unique_key = "key '" + std::to_string(i) + "' {\"\\}";
    return one;
  };
  auto before = put(queue, keyed(7)).id;
  std::vector<NewJob> jobs;
  for (int i = 0; i < 1100; ++i) jobs.push_back(i % 2 ? keyed(i) : job(std::to_string(i)));
  jobs[1000].unique_key = jobs[1].unique_key;
  auto all = write([&](store::Tx& tx) { return queue.enqueue_all(tx, jobs); });
  ASSERT_TRUE(all) << all.error().detail;
  ASSERT_EQ(all->size(), jobs.size());
  EXPECT_EQ((*all)[7].id, before);
  EXPECT_EQ((*all)[1000].id, (*all)[1].id);
  for (std::size_t i = 0; i < jobs.size(); ++i)
    EXPECT_EQ((*all)[i].as == Enqueued::As::duplicate, i == 7 || i == 1000) << i;
  auto stored = read([](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM jobs"); });
  EXPECT_EQ(stored->integer("n"), 1099);
  EXPECT_EQ(look(queue, (*all)[999].id).unique_key, jobs[999].unique_key);
  EXPECT_EQ(look(queue, (*all)[999].id).payload, jobs[999].payload);
}

TEST_P(QueueDbTest, NoMoreAtOnceThanWorkers) {
  auto& queue = make(quiet());
  int running = 0, most = 0, done = 0;
  queue.add("work.v1", {}, [&](Context, JobRun&) -> Task<void> {
    most = std::max(most, ++running);
    for (int i = 0; i < 3; ++i) {
      auto executor = co_await asio::this_coro::executor;
      co_await asio::post(executor, asio::use_awaitable);
    }
    --running;
    ++done;
    co_return Result<void>{};
  });
  queue.start();
  // All there at once: one by one, each may be done before the next comes.
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    for (int i = 0; i < 40; ++i)
      if (auto put = queue.enqueue(tx, job("x")); !put) return std::unexpected(put.error());
    return {};
  }));
  until([&] { return done == 40; });
  EXPECT_LE(most, 4);
  EXPECT_GT(most, 1);
}

TEST_P(QueueDbTest, ASlowLaneDoesNotHoldUpAnother) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  bool begun = false;
  bool release = false;
  queue.add("slow.v1", {.lane = "slow"}, [&](Context, JobRun&) -> Task<void> {
    begun = true;
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  queue.start();
  std::vector<JobId> slow;
  for (int i = 0; i < 5; ++i) slow.push_back(put(queue, job("s", "slow.v1")).id);
  auto quick = put(queue, job("q")).id;
  until_state(queue, quick, JobState::done);
  until([&] { return begun; });
  auto lanes = run([&] { return queue.lanes(ctx); });
  ASSERT_TRUE(lanes);
  ASSERT_EQ(lanes->size(), 2u);
  EXPECT_EQ((*lanes)[1].lane, "slow");
  EXPECT_EQ((*lanes)[1].running, 1);
  EXPECT_EQ((*lanes)[1].ready, 4);
  release = true;
  until_state(queue, slow.back(), JobState::done);
}

TEST_P(QueueDbTest, AGroupRunsOneAtATimeInOrder) {
  auto& queue = make(quiet());
  std::map<std::string, int> running;
  queue.add("work.v1", {}, [&](Context c, JobRun& r) -> Task<void> {
    EXPECT_EQ(++running[r.job().group], 1);
    auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    --running[r.job().group];
    note(c, r);
    co_return Result<void>{};
  });
  queue.start();
  Names a, b;
  for (int i = 0; i < 15; ++i)
    for (std::string group : {"a", "b"}) {
      auto one = job(group + std::to_string(i));
      one.group = group;
      (group == "a" ? a : b).push_back(group + std::to_string(i));
      put(queue, one);
    }
  until([&] { return seen.size() == 30; });
  Names seen_a, seen_b;
  for (auto& what : whats()) (what.starts_with('a') ? seen_a : seen_b).push_back(what);
  EXPECT_EQ(seen_a, a);
  EXPECT_EQ(seen_b, b);
  until([&] {
    auto left = read([](store::Tx& tx) { return tx.one("SELECT COUNT(*) AS n FROM job_groups"); });
    return left->integer("n") == 0;
  });
}

TEST_P(QueueDbTest, AFailingHeadHoldsItsGroupUntilItIsDead) {
  auto& queue = make(quiet());
  queue.add("work.v1", {.max_attempts = 3, .first_pause = 1min},
            [&](Context c, JobRun& r) -> Task<void> {
              note(c, r);
              if (r.payload().at("what") == "bad") co_return fail(Errc::unavailable, "no");
              co_return Result<void>{};
            });
  queue.start();
  auto bad = job("bad"), good = job("good");
  bad.group = good.group = "g";
  auto first = put(queue, bad).id;
  auto second = put(queue, good).id;
  for (int i = 1; i < 3; ++i) {
    until([&] { return seen.size() == static_cast<std::size_t>(i); });
    until_state(queue, first, JobState::delayed);
    EXPECT_EQ(state(queue, second), JobState::waiting);
    clock.advance(3min);
  }
  until_state(queue, first, JobState::dead);
  until_state(queue, second, JobState::done);
  EXPECT_EQ(whats(), (Names{"bad", "bad", "bad", "good"}));
  // Replayed, it takes its turn like any other.
  ASSERT_TRUE(run([&] { return queue.replay(ctx, first); }));
  until([&] { return seen.size() == 5; });
}

TEST_P(QueueDbTest, CancellingAHeadLetsTheNextOneGo) {
  auto& queue = make(quiet());
  queue.add("work.v1", {}, noting());
  auto one = job("one"), two = job("two"), three = job("three");
  one.group = two.group = three.group = "g";
  one.delay = two.delay = 0s;
  auto first = put(queue, one).id;
  auto second = put(queue, two).id;
  auto third = put(queue, three).id;
  ASSERT_TRUE(run([&] { return queue.cancel(ctx, second); }));
  ASSERT_TRUE(run([&] { return queue.cancel(ctx, first); }));
  queue.start();
  until_state(queue, third, JobState::done);
  EXPECT_EQ(whats(), Names{"three"});
}

TEST_P(QueueDbTest, CancelBoundsAndStates) {
  auto& queue = make(quiet());
  bool began = false;
  queue.add("work.v1", {}, noting());
  queue.add("long.v1", {.time_limit = 1h}, [&](Context, JobRun&) -> Task<void> {
    began = true;
    auto pause = clock.sleep_for(30min);
    co_await std::move(pause);
    co_return Result<void>{};
  });
  auto later = job("later");
  later.delay = 1h;
  later.unique_key = "k";
  auto delayed = put(queue, later).id;
  auto others = ctx;
  others.organization = OrganizationId("org_other");
  EXPECT_EQ(run([&] { return queue.cancel(others, delayed); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return queue.find(others, delayed); }).error().code, Errc::not_found);
  ASSERT_TRUE(run([&] { return queue.cancel(ctx, delayed); }));
  EXPECT_EQ(state(queue, delayed), JobState::cancelled);
  EXPECT_EQ(put(queue, later).as, Enqueued::As::fresh) << "the key is free";
  EXPECT_EQ(run([&] { return queue.cancel(ctx, delayed); }).error().code, Errc::conflict);
  EXPECT_EQ(run([&] { return queue.cancel(ctx, JobId("job_none")); }).error().code,
            Errc::not_found);
  queue.start();
  auto running = put(queue, job("long", "long.v1")).id;
  until([&] { return began; });
  ASSERT_TRUE(run([&] { return queue.cancel(ctx, running); }));
  until_state(queue, running, JobState::cancelled);
}

TEST_P(QueueDbTest, ProgressIsSeenWhileItRuns) {
  auto& queue = make(quiet());
  bool release = false;
  queue.add("work.v1", {}, [&](Context, JobRun& run) -> Task<void> {
    auto noting = run.progress(40, {{"done", 4}});
    auto noted = co_await std::move(noting);
    EXPECT_TRUE(noted);
    while (!release) {
      auto pause = clock.sleep_for(1ms);
      co_await std::move(pause);
    }
    co_return Result<void>{};
  });
  queue.start();
  auto id = put(queue, job("x")).id;
  until([&] { return look(queue, id).progress == 40; });
  EXPECT_EQ(look(queue, id).progress_note, (json::object{{"done", 4}}));
  EXPECT_EQ(look(queue, id).state, JobState::running);
  release = true;
  until_state(queue, id, JobState::done);
}

TEST_P(QueueDbTest, FinishedInTheTransactionOfItsEffect) {
  ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("CREATE TABLE effects (key TEXT)"); }));
  auto& queue = make(quiet());
  queue.add("work.v1", {.max_attempts = 2, .first_pause = 1ms},
            [&](Context c, JobRun& run) -> Task<void> {
              note(c, run);
              auto work = db().write(c, [&](store::Tx& tx) -> Result<void> {
                auto put = tx.execute("INSERT INTO effects VALUES (?1)", {run.idempotency_key()});
                if (!put) return std::unexpected(put.error());
                if (auto done = run.finish(tx); !done) return done;
                // The first time, the transaction fails at the last moment.
                if (run.attempt() == 1) return fail(Errc::unavailable, "at the last moment");
                return {};
              });
              auto written = co_await std::move(work);
              if (!written) co_return written;
              co_return fail(Errc::unavailable, "said after it was finished: changes nothing");
            });
  queue.start();
  auto one = job("x");
  one.group = "g";
  auto next = job("y");
  next.group = "g";
  auto id = put(queue, one).id;
  auto after = put(queue, next).id;
  until_state(queue, id, JobState::done);
  until_state(queue, after, JobState::done);
  auto effects = read([](store::Tx& tx) { return tx.query("SELECT key FROM effects"); });
  EXPECT_EQ(effects->size(), 2u);
  EXPECT_EQ(seen.size(), 4u);
}

TEST_P(QueueDbTest, WhatMakesNoSenseIsRefused) {
  auto& queue = make(quiet());
  queue.add("mail.send.v1", {}, noting());
  auto enqueue = [&](NewJob wrong) {
    return run([&] { return queue.enqueue(ctx, wrong); }).error();
  };
  auto unknown = enqueue(job("x", "mail.sned.v1"));
  EXPECT_EQ(unknown.code, Errc::not_found);
  EXPECT_NE(unknown.detail.find("did you mean 'mail.send.v1'?"), std::string::npos);
  auto big = job("x", "mail.send.v1");
  big.payload["text"] = std::string(300'000, 'x');
  EXPECT_EQ(enqueue(big).code, Errc::too_large);
  auto negative = job("x", "mail.send.v1");
  negative.delay = -1s;
  EXPECT_EQ(enqueue(negative).code, Errc::invalid);
  auto both = job("x", "mail.send.v1");
  both.delay = 1s;
  both.at = clock.wall();
  EXPECT_EQ(enqueue(both).code, Errc::invalid);
  auto key = job("x", "mail.send.v1");
  key.unique_key = std::string(201, 'k');
  EXPECT_EQ(enqueue(key).code, Errc::invalid);
  EXPECT_THROW(queue.add("mail.send.v1", {}, noting()), std::logic_error);
  EXPECT_THROW(queue.add("other.v1", {.lane = "nowhere"}, noting()), std::logic_error);
  queue.start();
  EXPECT_THROW(queue.add("late.v1", {}, noting()), std::logic_error);
}

TEST_P(QueueDbTest, FinishedJobsAreSweptInTime) {
  auto options = quiet();
  options.lease = 30s;
  options.keep_finished = 1h;
  options.keep_dead = 3h;
  auto& queue = make(options);
  queue.add("work.v1", {}, [](Context, JobRun& run) -> Task<void> {
    if (run.payload().at("what") == "bad") co_return fail(Errc::invalid, "cannot help");
    co_return Result<void>{};
  });
  queue.start();
  auto good = put(queue, job("good")).id;
  auto bad = put(queue, job("bad")).id;
  until_state(queue, good, JobState::done);
  until_state(queue, bad, JobState::dead);
  auto gone = [&](const JobId& id) { return !run([&] { return queue.find(ctx, id); }); };
  clock.advance(61min);
  until([&] { return gone(good); });
  EXPECT_FALSE(gone(bad));
  clock.advance(2h);
  until([&] { return gone(bad); });
}

}  // namespace
}  // namespace parley::queue
