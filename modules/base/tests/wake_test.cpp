#include "parley/base/wake.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/testkit/sim_world.hpp"

namespace parley {
namespace {

TEST(Wake, IsNeverMissedAndTimesOut) {
  testkit::SimWorld world;
  Wake wake;
  auto wait = [&](std::uint64_t seen, Duration how_long) {
    auto began = world.clock().now();
    (void)world.run([&]() -> Task<void> {
      auto waiting = wake.wait(world.clock(), seen, world.clock().now() + how_long);
      co_await std::move(waiting);
      co_return Result<void>{};
    });
    return world.clock().now() - began;
  };
  auto seen = wake.generation();
  EXPECT_EQ(wait(seen, 3s), 3s);
  wake.raise();
  EXPECT_EQ(wait(seen, 3s), 0s) << "raised before it waited";
  auto raise_later = [&]() -> asio::awaitable<void> {
    auto pause = world.clock().sleep_for(1s);
    co_await std::move(pause);
    wake.raise();
  };
  asio::co_spawn(world.io(), raise_later(), asio::detached);
  EXPECT_EQ(wait(wake.generation(), 3s), 1s);
  std::weak_ptr<Wake::State> handle;
  {
    Wake passing;
    handle = passing.handle();
  }
  Wake::raise(handle);
}

TEST(Wake, RaisesOfManyThreadsReachWaitersOfMany) {
  constexpr int raisers = 2;
  constexpr int waiters = 3;
  constexpr std::uint64_t each = 2000;
  constexpr auto all = raisers * each;
  SystemClock clock;
  Wake wake;
  // A raise that is missed shows as the last wait's coming to its end.
  auto give_up = clock.now() + 60s;
  auto follow = [&]() -> asio::awaitable<std::uint64_t> {
    auto seen = wake.generation();
    while (seen < all && clock.now() < give_up) {
      auto waiting = wake.wait(clock, seen, give_up);
      co_await std::move(waiting);
      seen = wake.generation();
    }
    co_return seen;
  };
  std::array<asio::io_context, waiters> contexts;
  std::vector<std::future<std::uint64_t>> followed;
  for (auto& io : contexts) followed.push_back(asio::co_spawn(io, follow(), asio::use_future));
  std::vector<std::jthread> threads;
  for (auto& io : contexts) threads.emplace_back([&io] { io.run(); });
  for (int i = 0; i < raisers; ++i)
    threads.emplace_back([&wake] {
      for (std::uint64_t n = 0; n < each; ++n) wake.raise();
    });
  for (auto& seen : followed) EXPECT_EQ(seen.get(), all);
  EXPECT_LT(clock.now(), give_up);
}

TEST(Wake, ACancelledWaitThrowsAndIsForgotten) {
  testkit::SimWorld world;
  Wake wake;
  std::optional<boost::system::error_code> ended;
  asio::cancellation_signal cancel;
  auto wait = [&]() -> asio::awaitable<void> {
    auto waiting = wake.wait(world.clock(), wake.generation(), TimePoint::max());
    co_await std::move(waiting);
  };
  auto note = [&](std::exception_ptr error) {
    ended.emplace();
    try {
      if (error) std::rethrow_exception(error);
    } catch (const boost::system::system_error& thrown) {
      ended = thrown.code();
    }
  };
  asio::co_spawn(world.io(), wait(), asio::bind_cancellation_slot(cancel.slot(), note));
  (void)world.run([&]() -> Task<void> {
    auto pause = world.clock().sleep_for(1s);
    co_await std::move(pause);
    cancel.emit(asio::cancellation_type::terminal);
    auto after = world.clock().sleep_for(1s);
    co_await std::move(after);
    co_return Result<void>{};
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(*ended, asio::error::operation_aborted);
  wake.raise();
}

}  // namespace
}  // namespace parley
