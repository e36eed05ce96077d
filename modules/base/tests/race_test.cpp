// Coroutines side by side: race(), all_of() and with_deadline().
#include "parley/base/race.hpp"

#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "parley/base/all_of.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/base/task_group.hpp"
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

/// with_deadline() on the system's clock, which does without a race.
class DeadlineInRealTime : public ::testing::Test {
 protected:
  using Work = std::function<Task<int>()>;
  /// Of `work` with `time` to do it in.
  Result<int> within(Duration time, Work work) {
    return run_to_end(
        io,
        [&]() -> Task<int> {
          auto limited = with_deadline(clock, clock.now() + time, work());
          co_return co_await std::move(limited);
        },
        [this](const bool& done) {
          io.restart();
          while (!done) io.run_one();
        });
  }
  Task<int> never() {
    asio::steady_timer timer(io, asio::steady_timer::time_point::max());
    try {
      co_await timer.async_wait(asio::use_awaitable);
    } catch (const boost::system::system_error&) {
      ++cancelled;
      throw;
    }
    co_return 1;
  }
  asio::io_context io{1};
  SystemClock clock;
  int cancelled = 0;
  detail::End end;
};

TEST_F(DeadlineInRealTime, WorkThatIsDoneInTimeGivesItsResult) {
  auto done = within(1h, [&]() -> Task<int> {
    auto pause = clock.sleep_for(1ms);
    co_await std::move(pause);
    co_return 7;
  });
  EXPECT_EQ(done.value(), 7);
  auto at_once = within(-1s, []() -> Task<int> { co_return 8; });
  EXPECT_EQ(at_once.value(), 8);
  auto failed = within(1h, []() -> Task<int> { co_return fail(Errc::conflict, "taken"); });
  EXPECT_EQ(failed.error().code, Errc::conflict);
  EXPECT_THROW((void)within(1h,
                            []() -> Task<int> {
                              throw std::runtime_error("broken");
                              co_return 1;
                            }),
               std::runtime_error);
}

TEST_F(DeadlineInRealTime, WorkThatIsLateIsCancelledAndWaitedFor) {
  auto late = within(1ms, [&] { return never(); });
  EXPECT_EQ(late.error().code, Errc::timeout);
  EXPECT_EQ(cancelled, 1);
  // What it says afterwards does not count.
  auto stubborn = within(1ms, [&]() -> Task<int> {
    try {
      auto waiting = never();
      co_await std::move(waiting);
    } catch (const boost::system::system_error&) {
    }
    co_return 9;
  });
  EXPECT_EQ(stubborn.error().code, Errc::timeout);
  EXPECT_EQ(cancelled, 2);
}

TEST_F(DeadlineInRealTime, AShorterDeadlineAroundItPassesThrough) {
  bool timed_out_inside = false;
  auto outer = within(1ms, [&]() -> Task<int> {
    auto inner = with_deadline(clock, clock.now() + 1h, never());
    auto outcome = co_await std::move(inner);
    timed_out_inside = true;
    co_return outcome;
  });
  EXPECT_EQ(outer.error().code, Errc::timeout);
  EXPECT_EQ(cancelled, 1);
  EXPECT_FALSE(timed_out_inside);
}

TEST_F(DeadlineInRealTime, ItMayGoWithItsLoop) {
  auto loop = std::make_unique<asio::io_context>(1);
  auto forever = [&]() -> Task<int> {
    asio::steady_timer timer(*loop, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
    co_return 1;
  };
  std::optional<Result<int>> outcome;
  detail::begin(*loop, detail::into(with_deadline(clock, clock.now() + 1h, forever()), outcome),
                end);
  loop->poll();
  loop.reset();
  EXPECT_FALSE(outcome);
}

}  // namespace
}  // namespace parley
