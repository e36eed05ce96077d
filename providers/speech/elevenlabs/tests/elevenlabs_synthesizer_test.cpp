#include "parley/providers/elevenlabs/elevenlabs_synthesizer.hpp"

#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/testkit/conformance/synthesizer.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : SynthesizerRig {
  using Transport = providers::elevenlabs::VoiceAccount::Transport;
  explicit Rig(Transport transport) {
    EXPECT_TRUE(simulator.start());
    providers::elevenlabs::VoiceAccount account;
    account.api_key = quick().api_key;
    account.transport = transport;
    is_json = transport == Transport::websocket;
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port());
    engine = providers::elevenlabs::ElevenLabsSynthesizer::create(
                 world.clock, policies.add("elevenlabs_voice"), account)
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
  bool speaks_json() const override { return is_json; }
  static simulators::ElevenLabsSimulatorOptions quick() {
    simulators::ElevenLabsSimulatorOptions options;
    options.first_audio_delay = 5ms;
    return options;
  }
  simulators::ElevenLabsSimulator simulator{world.io.get_executor(), world.clock, world.random,
                                            quick()};
  bool is_json = false;
  PoliciesOnTrial policies{world.clock, world.random};
  std::unique_ptr<speech::Synthesizer> engine;
};

std::unique_ptr<SynthesizerRig> over_http() { return std::make_unique<Rig>(Rig::Transport::http); }
std::unique_ptr<SynthesizerRig> over_websocket() {
  return std::make_unique<Rig>(Rig::Transport::websocket);
}
INSTANTIATE_TEST_SUITE_P(ElevenLabs, SynthesizerConformance, ::testing::Values(&over_http));
INSTANTIATE_TEST_SUITE_P(ElevenLabsInput, SynthesizerConformance,
                         ::testing::Values(&over_websocket));

using ElevenLabsVoice = SynthesizerConformance;
INSTANTIATE_TEST_SUITE_P(Both, ElevenLabsVoice, ::testing::Values(&over_http, &over_websocket));

TEST_P(ElevenLabsVoice, SpeedIsTheNearestTheyHave) {
  auto& rig_of = static_cast<Rig&>(*rig);
  ASSERT_TRUE(say("fast", {.speed = 4.0}));
  EXPECT_EQ(rig_of.simulator.counts().last_speed, 1.2);
  ASSERT_TRUE(say("slow", {.speed = 0.1}));
  EXPECT_EQ(rig_of.simulator.counts().last_speed, 0.7);
}

TEST_P(ElevenLabsVoice, AnUnknownVoiceIsAnError) {
  auto spoken = say("hello", {.voice = "nobody"});
  EXPECT_FALSE(spoken && spoken->ending.code == Errc::end_of_stream);
}

}  // namespace
}  // namespace parley::testkit
