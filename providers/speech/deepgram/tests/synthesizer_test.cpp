#include "parley/testkit/conformance/synthesizer.hpp"

#include "parley/providers/deepgram/deepgram_synthesizer.hpp"
#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/testkit/policies_on_trial.hpp"

namespace parley::testkit {
namespace {

struct Rig final : SynthesizerRig {
  Rig() {
    EXPECT_TRUE(simulator.start());
    providers::deepgram::VoiceAccount account;
    account.api_key = quick().api_key;
    account.api_url = "http://127.0.0.1:" + std::to_string(simulator.port());
    engine = providers::deepgram::DeepgramSynthesizer::create(
                 world.clock, policies.add("deepgram_voice"), account)
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
  static simulators::DeepgramSimulatorOptions quick() {
    simulators::DeepgramSimulatorOptions options;
    options.first_audio_delay = 5ms;
    return options;
  }
  simulators::DeepgramSimulator simulator{world.io.get_executor(), world.clock, world.random,
                                          quick()};
  PoliciesOnTrial policies{world.clock, world.random};
  std::unique_ptr<speech::Synthesizer> engine;
};

std::unique_ptr<SynthesizerRig> make_rig() { return std::make_unique<Rig>(); }
INSTANTIATE_TEST_SUITE_P(Deepgram, SynthesizerConformance, ::testing::Values(&make_rig));

}  // namespace
}  // namespace parley::testkit
