#include "parley/providers/openai_audio/openai_synthesizer.hpp"

#include "parley/simulators/openai_audio.hpp"
#include "parley/testkit/conformance/synthesizer.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : SynthesizerRig {
  Rig() {
    EXPECT_TRUE(simulator.start());
    providers::openai_audio::VoiceAccount account;
    account.api_key = quick().api_key;
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/v1/";
    engine = providers::openai_audio::OpenAiSynthesizer::create(
                 world.clock, policies.add("openai_voice"), account)
                 .value();
  }
  ~Rig() override {
    engine.reset();
    world.run([&]() -> Task<void> {
      co_await simulator.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  speech::Synthesizer& synthesizer() override { return *engine; }
  void behaves(std::string plan) override {
    auto set = simulator.server().faults().set(std::move(plan));
    EXPECT_TRUE(set) << set.error().detail;
  }
  std::size_t requests() override { return simulator.server().requests(); }
  static simulators::OpenAiAudioOptions quick() {
    simulators::OpenAiAudioOptions options;
    options.first_audio_delay = 5ms;
    return options;
  }
  simulators::OpenAiAudioSimulator simulator{
      world.io.get_executor(), world.clock, world.random, {}, quick()};
  PoliciesOnTrial policies{world.clock, world.random};
  std::unique_ptr<speech::Synthesizer> engine;
};

std::unique_ptr<SynthesizerRig> make_rig() { return std::make_unique<Rig>(); }
INSTANTIATE_TEST_SUITE_P(OpenAi, SynthesizerConformance, ::testing::Values(&make_rig));

using OpenAiVoice = SynthesizerConformance;
INSTANTIATE_TEST_SUITE_P(OpenAi, OpenAiVoice, ::testing::Values(&make_rig));

TEST_P(OpenAiVoice, FourHundredPercentIsTheFastestTheyHave) {
  auto& audio = static_cast<Rig&>(*rig).simulator.audio();
  ASSERT_TRUE(say("fast", {.speed = 9.0}));
  EXPECT_EQ(audio.last_speed, 4.0);
  ASSERT_TRUE(say("slow", {.speed = 0.1}));
  EXPECT_EQ(audio.last_speed, 0.25);
}

}  // namespace
}  // namespace parley::testkit
