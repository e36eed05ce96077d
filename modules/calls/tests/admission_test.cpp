#include "parley/calls/admission.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "parley/testkit/settable_clock.hpp"

namespace parley::calls {
namespace {

using namespace std::chrono_literals;
using Decision = Admission::Decision;

struct AdmissionTest : ::testing::Test {
  testkit::SettableClock clock;
  Admission admission{clock, {.most_calls = 10, .reserved_inbound = 3, .connect_within = 60s}};

  std::size_t admit_many(std::size_t calls, Direction direction, std::string prefix) {
    std::size_t taken = 0;
    for (std::size_t i = 0; i < calls; ++i)
      taken += admission.admit(prefix + std::to_string(i), direction) == Decision::taken ? 1u : 0u;
    return taken;
  }
};

TEST_F(AdmissionTest, OutboundLeavesTheReservedSeatsToCallers) {
  EXPECT_EQ(admit_many(20, Direction::outbound, "out"), 7u);
  EXPECT_EQ(admit_many(20, Direction::inbound, "in"), 3u);
  EXPECT_EQ(admission.occupancy().refused_outbound, 13u);
  EXPECT_EQ(admission.occupancy().refused_inbound, 17u);
}

TEST_F(AdmissionTest, CallersOnTheLineCountForTheReservedSeats) {
  EXPECT_EQ(admit_many(3, Direction::inbound, "in"), 3u);
  EXPECT_EQ(admit_many(20, Direction::outbound, "out"), 7u);
  admission.leave("in0");
  EXPECT_EQ(admission.admit("late", Direction::outbound), Decision::full);
  EXPECT_EQ(admission.admit("caller", Direction::inbound), Decision::taken);
}

TEST_F(AdmissionTest, CallersMayTakeEverySeat) {
  EXPECT_EQ(admit_many(20, Direction::inbound, "in"), 10u);
  EXPECT_EQ(admission.admit("out", Direction::outbound), Decision::full);
}

TEST_F(AdmissionTest, ARepeatedWebhookTakesNoSecondSeat) {
  EXPECT_EQ(admission.admit("CA1", Direction::inbound), Decision::taken);
  EXPECT_EQ(admission.admit("CA1", Direction::inbound), Decision::had_one);
  EXPECT_EQ(admission.occupancy().inbound, 1u);
  admission.leave("CA1");
  admission.leave("CA1");
  EXPECT_EQ(admission.occupancy().inbound, 0u);
}

TEST_F(AdmissionTest, ACallThatNeverConnectsGivesItsSeatBackAndOneThatTalksDoesNot) {
  admit_many(10, Direction::inbound, "in");
  admission.connected("in3", Direction::inbound);
  clock.advance(30s);
  EXPECT_EQ(admission.admit("late", Direction::inbound), Decision::full);
  clock.advance(30s);
  EXPECT_EQ(admit_many(20, Direction::inbound, "later"), 9u);
}

TEST_F(AdmissionTest, ALostConnectionKeepsItsSeatForAWhile) {
  admit_many(10, Direction::inbound, "in");
  for (int i = 0; i < 10; ++i) admission.connected("in" + std::to_string(i), Direction::inbound);
  admission.waits("in0", 2min);
  clock.advance(60s);
  EXPECT_EQ(admission.admit("late", Direction::inbound), Decision::full);
  clock.advance(60s);
  EXPECT_EQ(admission.admit("late", Direction::inbound), Decision::taken);
}

TEST_F(AdmissionTest, ACallTakenBeforeARestartIsHeldHoweverFullItIs) {
  admit_many(10, Direction::inbound, "in");
  admission.connected("from before", Direction::inbound);
  EXPECT_EQ(admission.occupancy().inbound, 11u);
  EXPECT_EQ(admission.admit("late", Direction::inbound), Decision::full);
  admission.leave("from before");
  EXPECT_EQ(admission.occupancy().inbound, 10u);
}

/// Threads that come and go at once: no moment has more calls than seats, nor an outbound call on
/// a reserved one.
TEST(AdmissionRace, ThreadsNeverTakeMoreThanThereIs) {
  constexpr std::size_t threads = 8;
  constexpr std::size_t most = 50;
  constexpr std::size_t reserved = 20;
  testkit::SettableClock clock;
  Admission admission(clock, {.most_calls = most, .reserved_inbound = reserved});
  std::atomic<std::size_t> inside = 0, outbound_inside = 0, worst = 0, worst_outbound = 0;
  std::atomic<std::uint64_t> refused = 0;
  auto note = [](std::atomic<std::size_t>& worst_so_far, std::size_t now) {
    auto seen = worst_so_far.load();
    while (now > seen && !worst_so_far.compare_exchange_weak(seen, now)) {
    }
  };
  std::barrier together(threads);
  {
    std::vector<std::jthread> all;
    for (std::size_t t = 0; t < threads; ++t)
      all.emplace_back([&, t] {
        auto direction = t % 2 == 0 ? Direction::inbound : Direction::outbound;
        auto name = [&](std::size_t i) { return std::to_string(t) + "/" + std::to_string(i); };
        for (int round = 0; round < 100; ++round) {
          together.arrive_and_wait();
          std::vector<std::string> mine;
          for (std::size_t i = 0; i < 15; ++i) {
            if (admission.admit(name(i), direction) == Decision::full) {
              ++refused;
              continue;
            }
            mine.push_back(name(i));
            note(worst, ++inside);
            if (direction == Direction::outbound) note(worst_outbound, ++outbound_inside);
          }
          together.arrive_and_wait();  // all have tried: more than there are seats
          for (auto& call : mine) {
            // Counted out before the seat is free: never too few are counted.
            if (direction == Direction::outbound) --outbound_inside;
            --inside;
            admission.leave(call);
          }
        }
      });
  }
  EXPECT_LE(worst, most);
  EXPECT_LE(worst_outbound, most - reserved);
  EXPECT_GT(refused, 0u) << "they were never too many, so nothing was shown";
  EXPECT_EQ(admission.occupancy().inbound + admission.occupancy().outbound, 0u);
}

}  // namespace
}  // namespace parley::calls
