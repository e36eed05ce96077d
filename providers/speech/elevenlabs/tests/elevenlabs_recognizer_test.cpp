#include "parley/providers/elevenlabs/scribe_recognizer.hpp"
#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/testkit/conformance/recognizer.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : RecognizerRig {
  Rig() {
    EXPECT_TRUE(simulator.start());
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/";
    engine.emplace(world.clock, policies.add("elevenlabs_recognition"), account);
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
      if (one.target.contains("keyterms=" + keyword)) return true;
    return false;
  }

  static simulators::ElevenLabsSimulatorOptions quick() {
    simulators::ElevenLabsSimulatorOptions options;
    options.recognition_delay = 5ms;
    return options;
  }
  simulators::ElevenLabsSimulator simulator{world.io.get_executor(), world.clock, world.random,
                                            quick()};
  PoliciesOnTrial policies{world.clock, world.random};
  providers::elevenlabs::RecognizerAccount account{.api_key = quick().api_key};
  std::optional<providers::elevenlabs::ScribeRecognizer> engine;
};

std::unique_ptr<RecognizerRig> make_rig() { return std::make_unique<Rig>(); }
INSTANTIATE_TEST_SUITE_P(ElevenLabs, RecognizerConformance, ::testing::Values(&make_rig));

class ScribeRecognition : public RecognizerConformance {};
INSTANTIATE_TEST_SUITE_P(ElevenLabs, ScribeRecognition, ::testing::Values(&make_rig));

TEST_P(ScribeRecognition, TooLittleToCommitIsNoWords) {
  auto session = open();
  ASSERT_TRUE(session);
  ASSERT_TRUE(send(*session, tone(100ms)));
  ASSERT_TRUE(finalize(*session));
  auto heard = next_final(*session);
  ASSERT_TRUE(heard) << heard.error().detail;
  EXPECT_EQ(heard->text, "");
}

TEST_P(ScribeRecognition, AnotherLanguageIsNotBelieved) {
  auto& simulator = static_cast<Rig&>(*rig).simulator;
  simulator.script().next_session({{.text = "guten tag", .language = "deu"}});
  auto session = open();
  ASSERT_TRUE(session);
  auto heard = say(*session);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->text, "guten tag");
  EXPECT_LE(heard->confidence, 0.3);
}

}  // namespace
}  // namespace parley::testkit
