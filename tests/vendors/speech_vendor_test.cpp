#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/simulators/openai_audio.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "vendor_fixture.hpp"

namespace parley::simulators {
namespace {

class DeepgramsClient : public VendorTest<DeepgramSimulator> {
 protected:
  void SetUp() override {
    simulator.script().set_phrases({"i would like to book", "tomorrow at ten"});
    VendorTest::SetUp();
  }
  void run(const std::string& group) {
    VendorTest::run("deepgram_client.cjs", "", DeepgramSimulatorOptions{}.api_key, group);
  }
};

TEST_F(DeepgramsClient, IsRefusedAsAtDeepgram) { run("strangers"); }
TEST_F(DeepgramsClient, FindsTheProjects) { run("projects"); }
TEST_F(DeepgramsClient, HearsALiveCall) { run("heard"); }
TEST_F(DeepgramsClient, ReadsALiveCallAsAList) { run("iterated"); }
TEST_F(DeepgramsClient, GetsSpeech) { run("spoken"); }
TEST_F(DeepgramsClient, GetsSpeechOverASocketAndClearsIt) { run("conversed"); }
TEST_F(DeepgramsClient, ComesAgainWhenTheHandshakeFailed) {
  for (const auto* faults : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
    plan(faults);
    run("returned");
  }
  EXPECT_EQ(simulator.counts().sessions, 2u);
  EXPECT_EQ(simulator.server().requests(), 4u);
}
TEST_F(DeepgramsClient, RepeatsAsItDoesAtDeepgram) {
  for (const auto* faults : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
    plan(faults);
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}
TEST_F(DeepgramsClient, DoesNotRepeatWhenThereIsNoMoney) {
  plan("status 402");
  run("broke");
  EXPECT_EQ(simulator.server().requests(), 1u);
}
TEST_F(DeepgramsClient, SeesSocketsThatClose) {
  plan("close 1011 after 1");
  run("closed");
}
TEST_F(DeepgramsClient, SeesSocketsThatBreakWithinAMessage) {
  plan("half after 1");
  run("broken");
}
TEST_F(DeepgramsClient, SeesHalfAnswers) {
  plan("half");
  run("half");
}

class ElevenLabsClient : public VendorTest<ElevenLabsSimulator> {
 protected:
  void SetUp() override {
    simulator.script().set_phrases({"i would like to book", "tomorrow at ten"});
    VendorTest::SetUp();
  }
  void run(const std::string& group) {
    VendorTest::run("elevenlabs_client.cjs", "", ElevenLabsSimulatorOptions{}.api_key, group);
  }
};

TEST_F(ElevenLabsClient, IsRefusedAsAtElevenLabs) { run("strangers"); }
TEST_F(ElevenLabsClient, FindsVoicesAndModels) { run("models"); }
TEST_F(ElevenLabsClient, HearsALiveCall) { run("heard"); }
TEST_F(ElevenLabsClient, IsToldThatItsAudioIsNone) { run("misheard"); }
TEST_F(ElevenLabsClient, GetsSpeechAsAStream) { run("spoken"); }
TEST_F(ElevenLabsClient, GetsSpeechOfTextThatComesInPieces) { run("conversed"); }
TEST_F(ElevenLabsClient, RepeatsAsItDoesAtElevenLabs) {
  for (const auto* faults : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
    plan(faults);
    run("retried");
  }
  EXPECT_EQ(simulator.server().requests(), 4u);
}
TEST_F(ElevenLabsClient, DoesNotRepeatWhenThereIsNoMoney) {
  plan("status 402");
  run("broke");
  EXPECT_EQ(simulator.server().requests(), 1u);
}
TEST_F(ElevenLabsClient, IsToldThatThereIsNoRoomForItsCall) {
  plan("status 429 retry-after 1");
  run("shut");
}
TEST_F(ElevenLabsClient, SeesSocketsThatBreakWithinAMessage) {
  plan("half after 1");
  run("cut");
  run("cut_speech");
}
TEST_F(ElevenLabsClient, SeesHalfAnswers) {
  plan("half");
  run("half");
}

class OpenAisAudioClient : public VendorTest<OpenAiSimulator> {
 protected:
  void SetUp() override {
    hears({"i would like to book", "tomorrow at ten"});
    VendorTest::SetUp();
  }
  void hears(std::vector<std::string> phrases) {
    simulator.audio().script.set_phrases(std::move(phrases));
  }
  void run(const std::string& group) {
    VendorTest::run("openai_audio_client.cjs", "/v1", OpenAiSimulatorOptions{}.api_key, group);
  }
};

TEST_F(OpenAisAudioClient, IsRefusedAsAtOpenAi) { run("strangers"); }
TEST_F(OpenAisAudioClient, FindsTheModels) { run("models"); }
TEST_F(OpenAisAudioClient, GetsTranscripts) { run("heard"); }
TEST_F(OpenAisAudioClient, ReadsTranscriptsAsTheyGrow) {
  hears({"f\xC3\xBCr zehn \xE2\x82\xAC"});
  run("streamed");
}
TEST_F(OpenAisAudioClient, GetsSpeech) { run("spoken"); }
TEST_F(OpenAisAudioClient, GetsSpeechInEvents) { run("spoken_in_events"); }
TEST_F(OpenAisAudioClient, RepeatsAsItDoesAtOpenAi) {
  hears({"i would like to book"});
  for (const auto* group : {"retried", "retried_speech"})
    for (const auto* faults : {"status 500 first 1", "status 429 retry-after 1 first 1"}) {
      plan(faults);
      run(group);
    }
  EXPECT_EQ(simulator.server().requests(), 8u);
}
TEST_F(OpenAisAudioClient, DoesNotRepeatWhenThereIsNoMoney) {
  plan("status 402");
  run("broke");
  EXPECT_EQ(simulator.server().requests(), 1u);
}
TEST_F(OpenAisAudioClient, SeesHalfAnswers) {
  plan("half");
  run("half");
}

}  // namespace
}  // namespace parley::simulators
