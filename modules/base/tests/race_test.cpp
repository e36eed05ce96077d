// Coroutines side by side: race() and all_of().
#include "parley/base/race.hpp"

#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "parley/base/all_of.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley {
namespace {

using namespace std::chrono_literals;

class SideBySide : public ::testing::Test {
 protected:
  /// Notes its name when it ends, and when it is cancelled.
  asio::awaitable<void> sleeper(std::string name, Duration how_long) {
    try {
      auto pause = world.clock().sleep_for(how_long);
      co_await std::move(pause);
    } catch (const boost::system::system_error&) {
      ended.push_back(name + " cancelled");
      throw;
    }
    ended.push_back(std::move(name));
  }
  asio::awaitable<int> counting(int value, Duration how_long) {
    auto pause = world.clock().sleep_for(how_long);
    co_await std::move(pause);
    co_return value;
  }
  asio::awaitable<void> thrower(Duration how_long) {
    auto pause = world.clock().sleep_for(how_long);
    co_await std::move(pause);
    throw std::runtime_error("thrown");
  }
  /// Its error, or the text of what it threw, or nothing.
  std::string outcome(std::function<asio::awaitable<void>()> work) {
    std::string text;
    (void)world.run([&]() -> Task<void> {
      try {
        auto working = work();
        co_await std::move(working);
      } catch (const boost::system::system_error& e) {
        text = e.code() == asio::error::operation_aborted ? "aborted" : e.what();
      } catch (const std::exception& e) {
        text = e.what();
      }
      co_return Result<void>{};
    });
    return text;
  }
  asio::awaitable<void> three(Duration longest) {
    std::vector<asio::awaitable<void>> works;
    works.push_back(sleeper("a", 2s));
    works.push_back(sleeper("b", longest));
    works.push_back(sleeper("c", 1s));
    co_await all_of(std::move(works));
  }
  testkit::SimWorld world;
  std::vector<std::string> ended;
};

TEST_F(SideBySide, TheFirstOfARaceWinsAndTheOtherIsCancelled) {
  std::size_t won = 9;
  int value = 0;
  EXPECT_EQ(outcome([&]() -> asio::awaitable<void> {
              auto racing = race(sleeper("slow", 2s), counting(7, 1s));
              auto first = co_await std::move(racing);
              won = first.index();
              value = std::get<1>(first);
            }),
            "");
  EXPECT_EQ(won, 1u);
  EXPECT_EQ(value, 7);
  EXPECT_EQ(ended, std::vector<std::string>{"slow cancelled"});
}

TEST_F(SideBySide, WhatTheFirstOfARaceThrowsIsThrown) {
  EXPECT_EQ(outcome([&]() -> asio::awaitable<void> {
              auto racing = race(sleeper("slow", 2s), thrower(1s));
              (void)co_await std::move(racing);
            }),
            "thrown");
  EXPECT_EQ(ended, std::vector<std::string>{"slow cancelled"});
}

TEST_F(SideBySide, AllAreWaitedFor) {
  auto began = world.clock().now();
  EXPECT_EQ(outcome([&] { return three(3s); }), "");
  EXPECT_EQ(ended, (std::vector<std::string>{"c", "a", "b"}));
  EXPECT_EQ(world.clock().now() - began, 3s);
  EXPECT_EQ(outcome([] { return all_of({}); }), "");
}

TEST_F(SideBySide, OneThatThrowsCancelsTheRest) {
  EXPECT_EQ(outcome([&]() -> asio::awaitable<void> {
              std::vector<asio::awaitable<void>> works;
              works.push_back(sleeper("a", 1s));
              works.push_back(thrower(2s));
              works.push_back(sleeper("c", 3s));
              co_await all_of(std::move(works));
            }),
            "thrown");
  EXPECT_EQ(ended, (std::vector<std::string>{"a", "c cancelled"}));
}

TEST_F(SideBySide, ACancelledCallerCancelsAll) {
  EXPECT_EQ(outcome([&]() -> asio::awaitable<void> {
              auto racing = race(three(10s), counting(1, 1500ms));
              auto first = co_await std::move(racing);
              EXPECT_EQ(first.index(), 1u);
            }),
            "");
  EXPECT_EQ(ended.size(), 3u);
  EXPECT_EQ(ended.front(), "c");
  EXPECT_NE(std::ranges::find(ended, "a cancelled"), ended.end());
  EXPECT_NE(std::ranges::find(ended, "b cancelled"), ended.end());
}

}  // namespace
}  // namespace parley
