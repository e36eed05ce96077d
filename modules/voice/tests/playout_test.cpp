#include "playout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.hpp"
#include "parley/base/task_group.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::voice {
namespace {

using ::testing::ElementsAre;
using testing::FakeLine;

struct PlayoutTest : ::testing::Test {
  /// Runs the pacing beside `script` for as long as the script takes.
  void play(std::function<asio::awaitable<void>()> script) {
    world.run([&]() -> Task<int> {
      TaskGroup group(world.executor());
      group.spawn("pacing", [this] { return playout.run(); });
      auto steps = script();
      co_await std::move(steps);
      co_await group.stop();
      co_return 0;
    });
  }
  audio::Samples seconds(int count) {
    return audio::Samples(static_cast<std::size_t>(count) * 8000, 500);
  }

  testkit::SimWorld world;
  std::shared_ptr<FakeLine::Shared> line = std::make_shared<FakeLine::Shared>(world.clock());
  FakeLine media{line};
  Signal changed;
  Playout playout{world.clock(), media, changed, {}};
};

TEST_F(PlayoutTest, StaysLittleAheadOfTheEar) {
  play([&]() -> asio::awaitable<void> {
    auto turn = playout.begin();
    playout.add_sentence(turn, "a long story");
    playout.add_audio(turn, seconds(10));
    playout.finish(turn);
    for (int i = 0; i < 95; ++i) {
      co_await world.clock().sleep_for(100ms);
      EXPECT_LE(line->ahead(), 1200ms);
      if (i < 80) EXPECT_GE(line->ahead(), 300ms) << "the caller hears a gap";
    }
  });
}

TEST_F(PlayoutTest, BooksWhatWasHeardWordByWord) {
  play([&]() -> asio::awaitable<void> {
    auto turn = playout.begin();
    playout.add_sentence(turn, "one two");
    playout.add_audio(turn, seconds(2));
    playout.add_sentence(turn, "three four five six");
    playout.add_audio(turn, seconds(4));
    playout.add_sentence(turn, "seven");
    playout.add_audio(turn, seconds(1));
    co_await world.clock().sleep_for(4100ms);
    auto heard = playout.interrupt();
    EXPECT_EQ(heard.text, "one two three four");
    EXPECT_THAT(heard.unheard, ElementsAre("three four five six", "seven"));
    EXPECT_NEAR(double(heard.played / 1ms), 4100, 1);
    EXPECT_FALSE(playout.speaking());
    EXPECT_TRUE(playout.drained());
  });
  EXPECT_EQ(line->clears, 1);
}

TEST_F(PlayoutTest, WhatComesForAnInterruptedTurnIsDropped) {
  play([&]() -> asio::awaitable<void> {
    auto turn = playout.begin();
    playout.add_audio(turn, seconds(1));
    playout.interrupt();
    EXPECT_FALSE(playout.add_audio(turn, seconds(1)));
    playout.add_sentence(turn, "late");
    playout.finish(turn);
    co_await world.clock().sleep_for(5s);
    EXPECT_EQ(line->ahead(), 0s);
  });
}

TEST_F(PlayoutTest, AMarkThatClearReturnedIsNotProofOfPlayback) {
  play([&]() -> asio::awaitable<void> {
    auto turn = playout.begin();
    playout.add_sentence(turn, "first");
    playout.add_audio(turn, seconds(1));
    playout.finish(turn);
    co_await world.clock().sleep_for(100ms);
    playout.interrupt();
    auto second = playout.begin();
    playout.add_sentence(second, "second");
    playout.add_audio(second, seconds(1));
    playout.finish(second);
    co_await world.clock().sleep_for(100ms);
    playout.on_mark("turn-1");
    EXPECT_FALSE(playout.drained());
    co_await world.clock().sleep_for(1s);
    playout.on_mark("turn-" + std::to_string(playout.generation()));
    EXPECT_TRUE(playout.drained());
  });
}

TEST_F(PlayoutTest, AnEmptyTurnIsDrainedAtOnce) {
  play([&]() -> asio::awaitable<void> {
    auto turn = playout.begin();
    EXPECT_FALSE(playout.drained());
    playout.finish(turn);
    EXPECT_TRUE(playout.drained());
    co_return;
  });
}

}  // namespace
}  // namespace parley::voice
