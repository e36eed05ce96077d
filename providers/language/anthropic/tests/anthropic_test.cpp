#include "parley/providers/anthropic/anthropic_model.hpp"
#include "parley/simulators/anthropic_simulator.hpp"
#include "parley/testkit/language_model_suite.hpp"

namespace parley::providers::anthropic {
namespace {

using testkit::LanguageModelSuite;
using testkit::LanguageModelWorld;

class World final : public LanguageModelWorld {
 public:
  explicit World(std::string version = "2026-10-21", std::string key = "sk-ant-simulated",
                 simulators::AnthropicSimulatorOptions stand_in = {})
      : simulator(real.io.get_executor(), real.clock, real.random, std::move(stand_in)) {
    if (!simulator.start()) throw std::runtime_error("the simulator does not start");
    options.api_key = std::move(key);
    options.version = std::move(version);
    options.api_url = "http://127.0.0.1:" + std::to_string(simulator.port());
    model_ = make_model(real.clock, policy_, options).value();
  }
  ~World() override {
    real.run([this]() -> Task<void> {
      co_await simulator.stop(TimePoint::min());
      co_return Result<void>{};
    });
  }
  dialog::LanguageModel& model() override { return *model_; }
  simulators::ModelScript& script() override { return simulator.script(); }
  simulators::StandInServer& stand_in() override { return simulator.server(); }

  simulators::AnthropicSimulator simulator;
  Options options;

 private:
  std::unique_ptr<dialog::LanguageModel> model_;
};

std::unique_ptr<LanguageModelWorld> newest() { return std::make_unique<World>(); }
std::unique_ptr<LanguageModelWorld> older() { return std::make_unique<World>("2023-06-01"); }

INSTANTIATE_TEST_SUITE_P(Anthropic, LanguageModelSuite, ::testing::Values(&newest, &older));

dialog::ModelPrompt hello() {
  dialog::ModelPrompt prompt;
  prompt.messages.emplace_back().text = "hello";
  return prompt;
}

Result<dialog::Completion> completion_of(World& world, dialog::ModelPrompt prompt) {
  return world.real.run([&]() -> Task<dialog::Completion> {
    auto beginning = world.model().generate({}, prompt);
    auto stream = co_await std::move(beginning);
    if (!stream) co_return std::unexpected(stream.error());
    for (;;) {
      auto waiting = (*stream)->next();
      auto event = co_await std::move(waiting);
      if (!event) co_return std::unexpected(event.error());
      if (auto* completion = std::get_if<dialog::Completion>(&*event)) co_return *completion;
    }
  });
}

TEST(Anthropic, InstructionsAndToolsAreReadFromTheCacheTheSecondTime) {
  World world("2026-10-21", "sk-ant-simulated", {.min_cached_tokens = 100});
  auto prompt = hello();
  prompt.instructions = std::string(2000, 'i');
  dialog::ToolSpec tool;
  tool.name = "find_slots";
  prompt.tools = {tool};
  prompt.situation = "one";
  auto first = completion_of(world, prompt).value();
  EXPECT_EQ(first.cached_tokens, 0);
  EXPECT_GT(first.input_tokens, 500);
  prompt.situation = "two";
  auto second = completion_of(world, prompt).value();
  EXPECT_GT(second.cached_tokens, 500) << "another situation leaves the cache valid";
  EXPECT_EQ(second.input_tokens, first.input_tokens) << "cached ones included";
  prompt.instructions[0] = 'I';
  EXPECT_EQ(completion_of(world, prompt).value().cached_tokens, 0);
}

TEST(Anthropic, ASpentLimitIsNotRepeatedThoughItIsA429) {
  World world;
  ASSERT_TRUE(world.stand_in().faults().set("status 429 code enforced_spend_limit_reached"));
  EXPECT_EQ(completion_of(world, hello()).error().code, Errc::forbidden);
  EXPECT_EQ(world.stand_in().requests(), 1u);
  ASSERT_TRUE(world.stand_in().faults().set("status 429 code ramp_limit_exceeded"));
  EXPECT_EQ(completion_of(world, hello()).error().code, Errc::rate_limited);
}

TEST(Anthropic, A504IsATimeout) {
  World world;
  ASSERT_TRUE(world.stand_in().faults().set("status 504"));
  EXPECT_EQ(completion_of(world, hello()).error().code, Errc::timeout);
}

TEST(Anthropic, HealthTellsTheKeyFromTheModel) {
  World world;
  auto http = net::make_http_client(world.real.io.get_executor());
  auto see = [&](Options options) {
    return world.real.run([&] { return look(*http, {}, options); });
  };
  auto options = world.options;
  EXPECT_EQ(see(options).value(), "model claude-haiku-5-5");
  options.model = "claude-haiku-9";
  EXPECT_EQ(see(options).error().code, Errc::not_found);
  options = world.options;
  options.api_key = "wrong";
  EXPECT_EQ(see(options).error().code, Errc::forbidden);
  options.api_url = "http://127.0.0.1:1";
  EXPECT_EQ(see(options).error().code, Errc::unavailable);
}

TEST(Anthropic, AWrongKeyAndAWrongAddressAreTold) {
  World world("2026-10-21", "wrong");
  EXPECT_EQ(completion_of(world, hello()).error().code, Errc::forbidden);
  auto nowhere = Options{.api_key = "k", .api_url = "ftp://x"};
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer(world.real.clock, world.real.random, spans);
  resilience::Policies policies(world.real.clock, world.real.random, registry, tracer);
  auto& policy = policies.add("anthropic", {});
  EXPECT_EQ(make_model(world.real.clock, policy, nowhere).error().code, Errc::invalid);
}

}  // namespace
}  // namespace parley::providers::anthropic
