#include "parley/testkit/conformance/recognizer.hpp"

#include "parley/providers/deepgram/deepgram_recognizer.hpp"
#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : RecognizerRig {
  Rig() {
    EXPECT_TRUE(simulator.start());
    account.keep_alive = 50ms;
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/";
    engine.emplace(world.clock, policies.add("deepgram_recognition"), account);
  }
  ~Rig() override {
    world.run([&]() -> Task<void> {
      co_await simulator.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  speech::Recognizer& recognizer() override { return *engine; }
  void hears(std::vector<std::string> utterances) override {
    simulator.script().set_phrases(std::move(utterances));
  }
  void behaves(std::string plan) override {
    auto set = simulator.server().faults().set(std::move(plan));
    EXPECT_TRUE(set) << set.error().detail;
  }
  Duration audio_heard() override { return simulator.counts().audio; }
  bool was_told(const std::string& keyword) override {
    for (auto& one : simulator.server().seen())
      if (one.target.contains("keyterm=" + keyword)) return true;
    return false;
  }

  static simulators::DeepgramSimulatorOptions quick() {
    simulators::DeepgramSimulatorOptions options;
    options.recognition_delay = 5ms;
    options.silence_limit = 200ms;
    return options;
  }
  simulators::DeepgramSimulator simulator{world.io.get_executor(), world.clock, world.random,
                                          quick()};
  PoliciesOnTrial policies{world.clock, world.random};
  providers::deepgram::RecognizerAccount account{.api_key = quick().api_key};
  std::optional<providers::deepgram::DeepgramRecognizer> engine;
};

std::unique_ptr<RecognizerRig> make_rig() { return std::make_unique<Rig>(); }
INSTANTIATE_TEST_SUITE_P(Deepgram, RecognizerConformance, ::testing::Values(&make_rig));

/// What is Deepgram's own.
class DeepgramRecognition : public RecognizerConformance {
 protected:
  Rig& deepgram() { return static_cast<Rig&>(*rig); }
  using Heard = simulators::HeardUtterance;
};
INSTANTIATE_TEST_SUITE_P(Deepgram, DeepgramRecognition, ::testing::Values(&make_rig));

TEST_P(DeepgramRecognition, SettledPartsMakeOneText) {
  Heard utterance{.text = "my number is five five five one two"};
  utterance.results = {{.after = 200ms, .text = "my number"},
                       {.after = 300ms, .text = "my number is", .is_final = true},
                       {.after = 400ms, .text = "five five"},
                       {.after = 500ms, .text = "five five five", .is_final = true}};
  deepgram().simulator.script().next_session({utterance});
  auto session = open();
  ASSERT_TRUE(session);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(send(*session, tone(20ms)));
  EXPECT_EQ(next(*session)->text, "my number");
  auto settled = next(*session);
  EXPECT_EQ(settled->text, "my number is");
  EXPECT_EQ(settled->settled_bytes, settled->text.size());
  EXPECT_EQ(settled->settled_until, 300ms);
  auto more = next(*session);
  EXPECT_EQ(more->text, "my number is five five");
  EXPECT_EQ(more->settled_bytes, std::string("my number is").size());
  ASSERT_TRUE(finalize(*session));
  EXPECT_EQ(next_final(*session)->text, "my number is five five five one two");
}

TEST_P(DeepgramRecognition, EmptyResultsAndUtteranceEndAreNoWords) {
  Heard utterance{.text = "noise then words", .utterance_end = true};
  utterance.results = {{.after = 100ms, .text = ""},
                       {.after = 200ms, .text = "", .is_final = true},
                       {.after = 300ms, .text = "noise then words", .is_final = true}};
  deepgram().simulator.script().next_session({utterance});
  auto session = open();
  ASSERT_TRUE(session);
  EXPECT_EQ(say(*session)->text, "noise then words");
}

TEST_P(DeepgramRecognition, AnotherLanguageIsNotBelieved) {
  deepgram().simulator.script().next_session({Heard{.text = "guten tag", .language = "de"}});
  auto session = open();
  ASSERT_TRUE(session);
  auto heard = say(*session);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "guten tag");
  EXPECT_LE(heard->confidence, 0.3);
}

TEST_P(DeepgramRecognition, AFinalizeThatIsNotAnsweredEndsWithWhatIsSettled) {
  Heard utterance{.text = "all said"};
  utterance.results = {{.after = 300ms, .text = "all said", .is_final = true}};
  deepgram().simulator.script().next_session({utterance});
  rig->behaves("hang after 1");  // nothing comes after the first result
  auto session = open();
  ASSERT_TRUE(session);
  auto begun = rig->world.clock.now();
  EXPECT_EQ(say(*session)->text, "all said");
  EXPECT_GE(rig->world.clock.now() - begun, 400ms);
}

TEST_P(DeepgramRecognition, ASilentCallerKeepsTheSession) {
  rig->hears({"still here"});
  auto session = open();
  ASSERT_TRUE(session);
  EXPECT_EQ(next(*session, 500ms).error().code, Errc::timeout);
  EXPECT_GE(deepgram().simulator.counts().keep_alives, 5u);
  EXPECT_EQ(say(*session)->text, "still here");
}

TEST_P(DeepgramRecognition, ASessionThatIsNotKeptEndsWithDeepgramsCode) {
  deepgram().account.keep_alive = 1h;
  deepgram().engine.emplace(rig->world.clock, deepgram().policies.add("other"), deepgram().account);
  auto session = open();
  ASSERT_TRUE(session);
  auto ended = next(*session);
  EXPECT_EQ(ended.error().code, Errc::unavailable);
  EXPECT_THAT(ended.error().detail, ::testing::HasSubstr("1011"));
}

TEST_P(DeepgramRecognition, TheQueryIsThatOfATelephone) {
  auto session = open({.language = "en-GB"});
  ASSERT_TRUE(session);
  auto target = deepgram().simulator.server().seen().at(0).target;
  for (auto* part : {"encoding=mulaw", "sample_rate=8000", "channels=1", "interim_results=true",
                     "language=en-GB", "model=nova-3"})
    EXPECT_THAT(target, ::testing::HasSubstr(part));
}

TEST_P(DeepgramRecognition, AWrongKeyIsSaid) {
  deepgram().account.api_key = "wrong";
  deepgram().engine.emplace(rig->world.clock, deepgram().policies.add("other"), deepgram().account);
  EXPECT_EQ(open().error().code, Errc::unauthenticated);
}

}  // namespace
}  // namespace parley::testkit
