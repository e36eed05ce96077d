#include <gmock/gmock.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "calls_fixture.hpp"

namespace parley::calls {
namespace {

using ::testing::HasSubstr;
using namespace testing;  // fakes

class AdmissionDbTest : public CallsDbTest {
 protected:
  void limit_to(std::size_t calls) {
    stop_service();
    CallServiceParts parts{*database,  clock, random, businesses, *objects,         dialogues,
                           recognizer, beep,  files,  tracer,     io.get_executor()};
    auto made = options();
    made.most_calls = calls;
    made.reserved_inbound = 0;
    service = make_call_service(parts, made);
  }
};
PARLEY_ON_BOTH_DATABASES(AdmissionDbTest);

TEST_P(AdmissionDbTest, WebhooksThatRaceAreNeverMoreThanTheSeatsAndTheOthersHearIt) {
  constexpr std::size_t seats = 5;
  constexpr int threads = 4;
  constexpr int each = 6;
  limit_to(seats);
  std::atomic<std::size_t> connected = 0, told = 0;
  std::barrier together(threads);
  {
    std::vector<std::jthread> carriers;
    for (int t = 0; t < threads; ++t)
      carriers.emplace_back([&, t] {
        asio::io_context loop{1};
        together.arrive_and_wait();
        for (int i = 0; i < each; ++i) {
          auto sid = "CA" + std::to_string(t) + "-" + std::to_string(i);
          auto ask = [&, sid]() -> asio::awaitable<void> {
            auto asking =
                service->incoming(Context{}, {"twilio", sid, "+12125550199", "+12125550100"});
            auto answer = co_await std::move(asking);
            if (std::holds_alternative<ConnectMedia>(answer)) {
              ++connected;
            } else if (std::get<SayAndHangUp>(answer).text.contains("all lines are busy")) {
              ++told;
            }
          };
          asio::co_spawn(loop, ask, [](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
          });
        }
        loop.run();
      });
  }
  EXPECT_EQ(connected, seats);
  EXPECT_EQ(told, threads * each - seats);
  EXPECT_EQ(run([&] { return service->list(ctx, {}); })->total, static_cast<int>(seats))
      << "a refused call leaves no record";
}

TEST_P(AdmissionDbTest, ASeatIsFreeAgainWhenItsCallIsOver) {
  limit_to(1);
  auto token = token_of(ring("CA1"));
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA2")).text, HasSubstr("all lines are busy"));
  EXPECT_EQ(token_of(ring("CA1")), token) << "the same call, asked for again";
  ASSERT_TRUE(talk(token, hung_up));
  EXPECT_EQ(service->admission().occupancy().inbound, 0u);
  EXPECT_TRUE(std::holds_alternative<ConnectMedia>(ring("CA3")));
}

TEST_P(AdmissionDbTest, ALostConnectionKeepsItsSeat) {
  limit_to(1);
  ASSERT_TRUE(talk(token_of(ring("CA1")), broke));
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA2")).text, HasSubstr("all lines are busy"));
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  auto next = what_next();
  ASSERT_TRUE(next);
  ASSERT_TRUE(talk(token_of(*next), hung_up));
  EXPECT_TRUE(std::holds_alternative<ConnectMedia>(ring("CA2")));
}

TEST_P(AdmissionDbTest, ACallThatTheCarrierEndsBeforeItConnectsLeavesItsSeat) {
  limit_to(1);
  ring("CA1");
  telephony::CallStatusUpdate over{.carrier = "twilio", .carrier_call_id = "CA1"};
  over.status = telephony::CarrierCallStatus::completed;
  over.sequence = 3;
  ASSERT_TRUE(write([&](store::Tx& tx) { return service->status_changed(tx, over); }));
  EXPECT_TRUE(std::holds_alternative<ConnectMedia>(ring("CA2")));
}

TEST_P(AdmissionDbTest, ACallThatCannotBeTakenLeavesItsSeat) {
  limit_to(1);
  ring("CA1", "+19995550000");
  EXPECT_EQ(service->admission().occupancy().inbound, 0u);
}

}  // namespace
}  // namespace parley::calls
