#include <gmock/gmock.h>

#include "calls_fixture.hpp"
#include "parley/calls/carrier_recordings.hpp"
#include "parley/telemetry/metrics.hpp"

namespace parley::calls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace testing;  // fakes

struct TapeRecorder final : telephony::CarrierRecorder {
  std::string carrier() const override { return "twilio"; }
  Task<std::string> start(Context, std::string id) override {
    started.push_back(id);
    co_return "RE1";
  }
  Task<void> stop(Context, std::string, std::string recording) override {
    stopped.push_back(recording);
    co_return Result<void>{};
  }
  Task<std::vector<std::byte>> fetch(Context, std::string recording) override {
    fetched.push_back(recording);
    if (failures > 0) {
      --failures;
      co_return fail(Errc::not_found, "not there yet");
    }
    co_return std::vector<std::byte>(100, std::byte{7});
  }
  std::vector<std::string> started, stopped, fetched;
  int failures = 0;
};

class CarrierRecordingsDbTest : public CallsDbTest {
 protected:
  void SetUp() override {
    CallsDbTest::SetUp();
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer});
    recordings = std::make_unique<CarrierRecordings>(
        CarrierRecordings::Parts{db(), *queue, *objects, recorder});
    stop_service();
    CallServiceParts parts{*database,         clock,           random, businesses, *objects,
                           dialogues,         recognizer,      beep,   files,      tracer,
                           io.get_executor(), recordings.get()};
    service = make_call_service(parts, options());
    token = token_of(ring());
    id = await_call([](auto&) { return true; }).id;
  }
  void TearDown() override {
    stop_service();
    run([&]() -> Task<void> {
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
    recordings.reset();
    queue.reset();
    CallsDbTest::TearDown();
  }
  Result<void> told(std::string status, std::string recording = "RE1") {
    telephony::CarrierRecording said{
        "twilio", "CA1", recording, status, "https://x/" + recording, std::nullopt};
    if (status == "completed") said.duration = std::chrono::seconds(12);
    return write([&](store::Tx& tx) { return service->recording_changed(tx, said); });
  }
  std::vector<std::string> states() {
    std::vector<std::string> all;
    auto list = run([&] { return recordings->list(ctx, id); });
    for (auto& state : *list) all.push_back(state.recording_id + " " + state.status);
    return all;
  }
  void await_states(const std::vector<std::string>& wanted) {
    auto limit = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < limit && states() != wanted) {
    }
    EXPECT_EQ(states(), wanted);
  }
  std::int64_t jobs() {
    return run([&] { return queue->list(ctx, {}); })->total;
  }
  metrics::Registry registry;
  TapeRecorder recorder;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<CarrierRecordings> recordings;
  std::string token;
  CallId id;
};
PARLEY_ON_BOTH_DATABASES(CarrierRecordingsDbTest);

TEST_P(CarrierRecordingsDbTest, CallbacksInAnyOrderAndNumberAreOneRecordingFetchedOnce) {
  for (auto* status : {"completed", "in-progress", "completed", "completed"})
    ASSERT_TRUE(told(status));
  EXPECT_THAT(states(), ElementsAre("RE1 completed"));
  EXPECT_EQ(jobs(), 1);
  queue->start();
  await_states({"RE1 stored"});
  ASSERT_TRUE(told("completed"));
  ASSERT_TRUE(told("in-progress"));
  EXPECT_EQ(jobs(), 1) << "what is there is not fetched again";
  EXPECT_THAT(states(), ElementsAre("RE1 stored"));
  EXPECT_THAT(recorder.fetched, ElementsAre("RE1"));
  auto list = run([&] { return recordings->list(ctx, id); });
  EXPECT_EQ(list->at(0).size_bytes, 100u);
  EXPECT_EQ(list->at(0).length, std::chrono::seconds(12));
}

TEST_P(CarrierRecordingsDbTest, OneThatIsNotThereYetIsTriedAgain) {
  recorder.failures = 1;
  ASSERT_TRUE(told("completed"));
  queue->start();
  auto limit = std::chrono::steady_clock::now() + 20s;
  while (recorder.fetched.empty() && std::chrono::steady_clock::now() < limit) states();
  clock.advance(10s);
  await_states({"RE1 stored"});
  EXPECT_EQ(recorder.fetched.size(), 2u);
}

TEST_P(CarrierRecordingsDbTest, AnAbsentOneIsNotFetched) {
  ASSERT_TRUE(told("absent"));
  EXPECT_EQ(jobs(), 0);
  EXPECT_THAT(states(), ElementsAre("RE1 absent"));
}

TEST_P(CarrierRecordingsDbTest, TheCallPlaysItWhenItHasNoOther) {
  ASSERT_TRUE(told("completed"));
  queue->start();
  await_states({"RE1 stored"});
  EXPECT_EQ(recording_of(id).size(), 100u);
  ASSERT_TRUE(told("completed", "RE2"));
  await_states({"RE1 stored", "RE2 stored"});
  EXPECT_THAT(recorder.fetched, ElementsAre("RE1", "RE2"));
}

TEST_P(CarrierRecordingsDbTest, ItIsStartedAndStoppedOnACallInProgressOfOurOwn) {
  EXPECT_EQ(
      run([&] { return service->live().record(ctx, id, LiveCalls::Record::start); }).error().code,
      Errc::conflict)
      << "it rings";
  ASSERT_TRUE(talk(token, hung_up, [&]() -> Task<int> {
    auto other = ctx;
    other.organization = OrganizationId("org_other");
    auto stealing = service->live().record(other, id, LiveCalls::Record::start);
    auto stolen = co_await std::move(stealing);
    EXPECT_EQ(stolen.error().code, Errc::not_found);
    auto stopping = service->live().record(ctx, id, LiveCalls::Record::stop);
    auto nothing = co_await std::move(stopping);
    EXPECT_EQ(nothing.error().code, Errc::not_found);
    auto starting = service->live().record(ctx, id, LiveCalls::Record::start);
    auto started = co_await std::move(starting);
    EXPECT_TRUE(started && started->recording_id == "RE1");
    auto ending = service->live().record(ctx, id, LiveCalls::Record::stop);
    EXPECT_TRUE(co_await std::move(ending));
    co_return 0;
  }));
  EXPECT_THAT(recorder.started, ElementsAre("CA1"));
  EXPECT_THAT(recorder.stopped, ElementsAre("RE1"));
}

TEST_P(CarrierRecordingsDbTest, AnswersOfTheCarrierAreKeptAndTheFirstStays) {
  auto answered = [&](telephony::AnswerFound found) {
    telephony::CarrierAnswer answer{"twilio", "CA1", found, "word"};
    return write([&](store::Tx& tx) { return service->answer_detected(tx, answer); });
  };
  ASSERT_TRUE(answered(telephony::AnswerFound::machine));
  ASSERT_TRUE(answered(telephony::AnswerFound::machine_ready));
  EXPECT_EQ(run([&] { return service->get(ctx, id); })->answered_by, "machine");
  EXPECT_THAT(recorder.fetched, IsEmpty());
}

}  // namespace
}  // namespace parley::calls
