#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>

#include "parley/simulators/anthropic_simulator.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "parley/testkit/vendor_client.hpp"

namespace parley::simulators {
namespace {

/// A stand-in on a thread of its own, which the vendor's client then talks to.
template <class Simulator>
class VendorTest : public ::testing::Test {
 protected:
  using End = ModelReply::End;
  using Breaks = ModelReply::Breaks;

  void SetUp() override {
    ASSERT_TRUE(simulator.start());
    thread = std::jthread([this, guard = asio::make_work_guard(io)] { io.run(); });
  }
  void TearDown() override {
    asio::co_spawn(io, simulator.stop(TimePoint::min()), asio::use_future).get();
    io.stop();
  }
  void reply(std::string text, End end = End::done, Breaks breaks = Breaks::never) {
    ModelReply one;
    one.text = std::move(text);
    one.end = end;
    one.breaks = breaks;
    simulator.script().reply(std::move(one));
  }
  void reply_with_tools() {
    ModelReply one;
    one.text = "F\xC3\xBCr Sie 5 \xE2\x82\xAC \xF0\x9F\x98\x80.";
    one.calls = {{"", "find_slots", {{"service", "svc_gr\xC3\xBCn"}, {"limit", 2}}},
                 {"", "find_appointments", {}}};
    simulator.script().reply(std::move(one));
  }
  void run(const std::string& script, const std::string& path, const std::string& key,
           const std::string& group) {
    auto url = "http://127.0.0.1:" + std::to_string(simulator.port()) + path;
    auto ran =
        testkit::run_vendor_script(PARLEY_SOURCE_DIR "/tests/vendors/" + script, {url, key, group});
    EXPECT_EQ(ran.code, 0) << ran.output;
    EXPECT_NE(ran.output.find(group + " ok"), std::string::npos) << ran.output;
  }

  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  Simulator simulator{io.get_executor(), clock, random};
  std::jthread thread;
};

class AnthropicsClient : public VendorTest<AnthropicSimulator> {
 protected:
  void run(const std::string& group) {
    VendorTest::run("anthropic_client.cjs", "", AnthropicSimulatorOptions{}.api_key, group);
  }
};

class OpenAisClient : public VendorTest<OpenAiSimulator> {
 protected:
  void run(const std::string& group) {
    VendorTest::run("openai_client.cjs", "/v1", OpenAiSimulatorOptions{}.api_key, group);
  }
};

TEST_F(AnthropicsClient, IsRefusedAsAtAnthropic) {
  reply("Warm.");
  run("strangers");
}
TEST_F(AnthropicsClient, FindsTheModels) { run("models"); }
TEST_F(AnthropicsClient, ReadsWholeMessages) {
  reply("Good morning.");
  reply("I", End::refused);
  reply("I would", End::too_long);
  run("whole");
}
TEST_F(AnthropicsClient, ReadsStreamsAndCallsTools) {
  reply_with_tools();
  reply("Done.");
  run("streamed");
}
TEST_F(AnthropicsClient, SeesStreamsThatBreak) {
  reply("We are open", End::done, Breaks::cut);
  reply("We are open", End::done, Breaks::error);
  run("broken");
}
TEST_F(AnthropicsClient, RepeatsAsItDoesAtAnthropic) {
  for (const auto* plan : {"status 529 first 1", "status 429 retry-after 1 first 1"}) {
    ASSERT_TRUE(simulator.server().faults().set(plan));
    reply("Here.");
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}

TEST_F(OpenAisClient, IsRefusedAsAtOpenAi) { run("strangers"); }
TEST_F(OpenAisClient, FindsTheModels) { run("models"); }
TEST_F(OpenAisClient, ReadsWholeCompletions) {
  reply("Good morning.");
  reply("I", End::refused);
  reply("I would", End::too_long);
  run("whole");
}
TEST_F(OpenAisClient, ReadsStreamsAndCallsTools) {
  reply_with_tools();
  reply("Done.");
  run("streamed");
}
TEST_F(OpenAisClient, SeesStreamsThatBreak) {
  reply("We are open", End::done, Breaks::cut);
  reply("We are open", End::done, Breaks::error);
  run("broken");
}
TEST_F(OpenAisClient, RepeatsAsItDoesAtOpenAi) {
  for (const auto* plan : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
    ASSERT_TRUE(simulator.server().faults().set(plan));
    reply("Here.");
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}

}  // namespace
}  // namespace parley::simulators
