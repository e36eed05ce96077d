#include "parley/providers/openai_audio/openai_recognizer.hpp"

#include "parley/simulators/openai_audio.hpp"
#include "parley/testkit/conformance/recognizer.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : RecognizerRig {
  Rig() {
    EXPECT_TRUE(simulator.start());
    providers::openai_audio::RecognizerAccount account;
    account.api_key = quick().api_key;
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/v1";
    engine = providers::openai_audio::OpenAiRecognizer::create(
                 world.io.get_executor(), world.clock, policies.add("openai_recognition"), account)
                 .value();
  }
  ~Rig() override {
    world.run([&]() -> Task<void> {
      co_await engine->stop();
      co_await simulator.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  speech::Recognizer& recognizer() override { return *engine; }
  void hears(std::vector<std::string> utterances) override {
    simulator.audio().script.set_phrases(std::move(utterances));
    simulator.audio().utterance = 0;
  }
  void behaves(std::string plan) override {
    auto set = simulator.server().faults().set(std::move(plan));
    EXPECT_TRUE(set) << set.error().detail;
  }
  Duration audio_heard() override { return simulator.audio().audio; }
  bool was_told(const std::string& keyword) override {
    return simulator.audio().last_prompt.contains(keyword);
  }
  bool gives_partials() const override { return false; }

  static simulators::OpenAiAudioOptions quick() {
    simulators::OpenAiAudioOptions options;
    options.recognition_delay = 5ms;
    return options;
  }
  simulators::OpenAiAudioSimulator simulator{
      world.io.get_executor(), world.clock, world.random, {}, quick()};
  PoliciesOnTrial policies{world.clock, world.random};
  std::unique_ptr<providers::openai_audio::OpenAiRecognizer> engine;
};

std::unique_ptr<RecognizerRig> make_rig() { return std::make_unique<Rig>(); }
INSTANTIATE_TEST_SUITE_P(OpenAi, RecognizerConformance, ::testing::Values(&make_rig));

}  // namespace
}  // namespace parley::testkit
