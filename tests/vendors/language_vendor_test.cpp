#include "parley/simulators/anthropic_simulator.hpp"
#include "parley/simulators/openai_embeddings.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "vendor_fixture.hpp"

namespace parley::simulators {
namespace {

template <class Simulator>
class LanguageTest : public VendorTest<Simulator> {
 protected:
  using End = ModelReply::End;
  using Breaks = ModelReply::Breaks;

  void reply(std::string text, End end = End::done, Breaks breaks = Breaks::never) {
    ModelReply one;
    one.text = std::move(text);
    one.end = end;
    one.breaks = breaks;
    this->simulator.script().reply(std::move(one));
  }
  void reply_with_tools() {
    ModelReply one;
    one.text = "F\xC3\xBCr Sie 5 \xE2\x82\xAC \xF0\x9F\x98\x80.";
    one.calls = {{"", "find_slots", {{"service", "svc_gr\xC3\xBCn"}, {"limit", 2}}},
                 {"", "find_appointments", {}}};
    this->simulator.script().reply(std::move(one));
  }
};

class AnthropicsClient : public LanguageTest<AnthropicSimulator> {
 protected:
  void run(const std::string& group) {
    VendorTest::run("anthropic_client.cjs", "", AnthropicSimulatorOptions{}.api_key, group);
  }
};

class OpenAisClient : public LanguageTest<OpenAiSimulator> {
 protected:
  void SetUp() override {
    add_openai_embeddings(simulator.server(), {.api_key = OpenAiSimulatorOptions{}.api_key});
    VendorTest::SetUp();
  }
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
  for (const auto* faults : {"status 529 first 1", "status 429 retry-after 1 first 1"}) {
    plan(faults);
    reply("Here.");
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}

TEST_F(OpenAisClient, IsRefusedAsAtOpenAi) { run("strangers"); }
TEST_F(OpenAisClient, FindsTheModels) { run("models"); }
TEST_F(OpenAisClient, GetsVectorsOfTexts) { run("embedded"); }
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
  for (const auto* faults : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
    plan(faults);
    reply("Here.");
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}

}  // namespace
}  // namespace parley::simulators
