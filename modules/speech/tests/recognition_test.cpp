#include <gtest/gtest.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>
#include <thread>

#include "parley/base/task_group.hpp"
#include "parley/speech/fallback.hpp"
#include "parley/testkit/sim_world.hpp"
#include "scripted_engines.hpp"

namespace parley::speech {
namespace {

const Error away{Errc::unavailable, "away"};

Task<std::string> utterance(RecognizerSession& session, std::size_t samples) {
  audio::Frame frame{audio::Samples(samples, 1)};
  auto sent = co_await session.send(std::move(frame));
  if (!sent) co_return std::unexpected(sent.error());
  auto ended = co_await session.finalize();
  if (!ended) co_return std::unexpected(ended.error());
  auto heard = co_await session.next();
  if (!heard) co_return std::unexpected(heard.error());
  co_return heard->text;
}

class Recognition : public testing::Test {
 protected:
  Result<std::unique_ptr<RecognizerSession>> open(Recognizer& engine) {
    return world.run([&] { return engine.open(Context{}, {}); });
  }
  Result<std::string> say(RecognizerSession& session, std::size_t samples) {
    return world.run([&] { return utterance(session, samples); });
  }
  testkit::SimWorld world;
};

TEST_F(Recognition, TheFirstEngineThatOpensIsTaken) {
  CountingRecognizer bad("bad", {.refuse = away}), good("good", {});
  std::vector<std::string> given_up;
  FallbackRecognizer both(
      world.clock(), {&bad, &good},
      [&](const std::string& engine, const Error&) { given_up.push_back(engine); });
  auto session = open(both);
  ASSERT_TRUE(session);
  EXPECT_EQ(say(**session, 160), "good 160");
  EXPECT_EQ(given_up, std::vector<std::string>{"bad"});
  EXPECT_EQ(both.name(), "bad");
}

TEST_F(Recognition, NoEngineLeftIsUnavailable) {
  CountingRecognizer bad("bad", {.refuse = away});
  FallbackRecognizer one(world.clock(), {&bad}), none(world.clock(), {});
  EXPECT_EQ(open(one).error().code, Errc::unavailable);
  EXPECT_EQ(open(none).error().code, Errc::unavailable);
}

TEST_F(Recognition, TheRunningUtteranceMovesToTheNextEngine) {
  CountingRecognizer first("first", {.breaks_after = 1}), second("second", {});
  FallbackRecognizer both(world.clock(), {&first, &second});
  auto session = open(both);
  ASSERT_TRUE(session);
  auto expectation = std::make_shared<Expectation>();
  expectation->name = "when";
  (*session)->expect(expectation);
  EXPECT_EQ(say(**session, 100), "first 100");
  EXPECT_EQ(say(**session, 50), "second 50") << "only the utterance that was not answered";
  EXPECT_EQ(say(**session, 30), "second 30");
  EXPECT_EQ(second.expectations, std::vector<std::string>{"when"});
}

TEST_F(Recognition, OnlyTheLastSecondsOfALongUtteranceAreReplayed) {
  CountingRecognizer first("first", {.breaks_after = 0}), second("second", {});
  FallbackRecognizer both(world.clock(), {&first, &second});
  auto session = open(both);
  ASSERT_TRUE(session);
  auto talk = [](RecognizerSession& s) -> Task<std::string> {
    for (int second_of_talk = 0; second_of_talk < 20; ++second_of_talk) {
      audio::Frame frame{audio::Samples(8000, 1)};
      co_await s.send(std::move(frame));
    }
    co_return co_await utterance(s, 0);
  };
  auto heard = world.run([&] { return talk(**session); });
  EXPECT_EQ(heard, "second 120000");
}

TEST_F(Recognition, WhenTheLastEngineBreaksTheErrorStays) {
  CountingRecognizer first("first", {.breaks_after = 0}), second("second", {.breaks_after = 0});
  FallbackRecognizer both(world.clock(), {&first, &second});
  auto session = open(both);
  ASSERT_TRUE(session);
  for (int i = 0; i < 3; ++i) {
    auto heard = say(**session, 10);
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().code, Errc::unavailable);
  }
  EXPECT_EQ(second.opened, 1);
}

TEST_F(Recognition, ClosingEndsTheStreamAndIsIdempotent) {
  CountingRecognizer engine("engine", {});
  FallbackRecognizer one(world.clock(), {&engine});
  auto session = open(one);
  ASSERT_TRUE(session);
  auto twice = [](RecognizerSession& s) -> Task<Transcript> {
    co_await s.close();
    co_await s.close();
    co_return co_await s.next();
  };
  auto heard = world.run([&] { return twice(**session); });
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, Errc::end_of_stream);
}

TEST_F(Recognition, QueueKeepsItsOrderItsBoundAndItsEnd) {
  ResultQueue<int> queue(world.executor(), 2);
  EXPECT_TRUE(queue.push(1));
  EXPECT_TRUE(queue.push(2));
  EXPECT_FALSE(queue.push(3)) << "full";
  queue.finish({Errc::end_of_stream, "end"});
  queue.finish({Errc::unavailable, "too late"});
  EXPECT_FALSE(queue.push(4));
  EXPECT_EQ(world.run([&] { return queue.next(); }), 1);
  EXPECT_EQ(world.run([&] { return queue.next(); }), 2);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(world.run([&] { return queue.next(); }).error().code, Errc::end_of_stream);
}

TEST_F(Recognition, QueueAbandonedForgetsWhatWaits) {
  ResultQueue<int> queue(world.executor(), 2);
  queue.push(1);
  queue.abandon({Errc::end_of_stream, "closed"});
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_FALSE(world.run([&] { return queue.next(); }));
}

TEST_F(Recognition, QueueWakesEveryoneWhoWaits) {
  ResultQueue<int> queue(world.executor(), 10);
  std::vector<int> got;
  int ended = 0;
  TaskGroup group(world.executor());
  auto wait = [](ResultQueue<int>& q, std::vector<int>& values,
                 int& ends) -> asio::awaitable<void> {
    while (true) {
      auto value = co_await q.next();
      if (!value) break;
      values.push_back(*value);
    }
    ++ends;
  };
  for (int i = 0; i < 3; ++i) group.spawn("wait", [&] { return wait(queue, got, ended); });
  world.run_for(1ms);
  for (int i = 0; i < 5; ++i) queue.push(i);
  world.run_for(1ms);
  EXPECT_EQ(got.size(), 5U);
  queue.finish({Errc::end_of_stream, ""});
  world.run_for(1ms);
  EXPECT_EQ(ended, 3);
  auto stop = [](TaskGroup& g) -> Task<void> {
    co_await g.stop();
    co_return Result<void>{};
  };
  EXPECT_TRUE(world.run([&] { return stop(group); }));
}

TEST_F(Recognition, CancellingAWaitIsOperationAborted) {
  ResultQueue<int> queue(world.executor(), 10);
  bool aborted = false;
  TaskGroup group(world.executor());
  auto wait = [](ResultQueue<int>& q, bool& seen) -> asio::awaitable<void> {
    try {
      co_await q.next();
    } catch (const boost::system::system_error& e) {
      seen = e.code() == asio::error::operation_aborted;
      throw;
    }
  };
  group.spawn("wait", [&] { return wait(queue, aborted); });
  world.run_for(1ms);
  auto stop = [](TaskGroup& g) -> Task<void> {
    co_await g.stop();
    co_return Result<void>{};
  };
  EXPECT_TRUE(world.run([&] { return stop(group); }));
  EXPECT_TRUE(aborted);
}

TEST(RecognitionThreads, AWorkerPushesWhileACoroutineWaits) {
  asio::io_context io;
  auto guard = asio::make_work_guard(io);
  ResultQueue<int> queue(io.get_executor(), 100000);
  long sum = 0;
  auto wait = [](ResultQueue<int>& q, long& total) -> asio::awaitable<void> {
    while (true) {
      auto value = co_await q.next();
      if (!value) co_return;
      total += *value;
    }
  };
  asio::co_spawn(io, wait(queue, sum), [&](std::exception_ptr) { guard.reset(); });
  std::jthread worker([&] {
    for (int i = 1; i <= 10000; ++i) queue.push(i);
    queue.finish({Errc::end_of_stream, ""});
  });
  io.run();
  EXPECT_EQ(sum, 10000L * 10001L / 2);
}

}  // namespace
}  // namespace parley::speech
