#include "parley/providers/openai/chat_model.hpp"
#include "parley/simulators/openai_simulator.hpp"
#include "parley/testkit/language_model_suite.hpp"

namespace parley::providers::openai {
namespace {

using simulators::OpenAiSimulatorOptions;
using testkit::LanguageModelSuite;
using testkit::LanguageModelWorld;

class World final : public LanguageModelWorld {
 public:
  explicit World(Options given = {.api_key = "sk-simulated", .api_url = "", .model = "gpt-5-mini"},
                 OpenAiSimulatorOptions stand_in = {})
      : simulator(real.io.get_executor(), real.clock, real.random, std::move(stand_in)),
        options(std::move(given)) {
    if (!simulator.start()) throw std::runtime_error("the simulator does not start");
    options.api_url = "http://127.0.0.1:" + std::to_string(simulator.port()) + "/v1";
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

  simulators::OpenAiSimulator simulator;
  Options options;

 private:
  std::unique_ptr<dialog::LanguageModel> model_;
};

std::unique_ptr<LanguageModelWorld> hosted() { return std::make_unique<World>(); }
std::unique_ptr<LanguageModelWorld> local() {
  Options no_key{.api_key = "", .api_url = "", .model = "local-model"};
  OpenAiSimulatorOptions stand_in;
  stand_in.dialect = OpenAiSimulatorOptions::Dialect::local;
  return std::make_unique<World>(no_key, stand_in);
}

INSTANTIATE_TEST_SUITE_P(OpenAi, LanguageModelSuite, ::testing::Values(&hosted, &local));

dialog::ModelPrompt hello() {
  dialog::ModelPrompt prompt;
  prompt.messages.emplace_back().text = "hello";
  return prompt;
}

Result<std::string> text_of(World& world, dialog::ModelPrompt prompt) {
  return world.real.run([&]() -> Task<std::string> {
    auto beginning = world.model().generate({}, prompt);
    auto stream = co_await std::move(beginning);
    if (!stream) co_return std::unexpected(stream.error());
    std::string text;
    for (;;) {
      auto waiting = (*stream)->next();
      auto event = co_await std::move(waiting);
      if (!event) co_return std::unexpected(event.error());
      if (auto* piece = std::get_if<dialog::TextPiece>(&*event)) text += piece->text;
      if (std::holds_alternative<dialog::Completion>(*event)) co_return text;
    }
  });
}

TEST(OpenAi, AModelThatRefusesMaxTokensGetsTheOtherFieldFromThenOn) {
  World world({.api_key = "sk-simulated", .api_url = "", .model = "gpt-5"});
  world.script().reply("one");
  world.script().reply("two");
  EXPECT_EQ(text_of(world, hello()).value(), "one");
  EXPECT_EQ(world.stand_in().requests(), 2u);
  EXPECT_EQ(text_of(world, hello()).value(), "two");
  EXPECT_EQ(world.stand_in().requests(), 3u);
}

TEST(OpenAi, AnEmptyAccountIsNotAskedAgainThoughItIsA429) {
  World world;
  ASSERT_TRUE(world.stand_in().faults().set("status 429 code insufficient_quota"));
  EXPECT_EQ(text_of(world, hello()).error().code, Errc::forbidden);
  EXPECT_EQ(world.stand_in().requests(), 1u);
}

TEST(OpenAi, APromptBeyondTheContextIsTooLarge) {
  World world;
  ASSERT_TRUE(world.stand_in().faults().set("status 400 code context_length_exceeded"));
  EXPECT_EQ(text_of(world, hello()).error().code, Errc::too_large);
}

TEST(OpenAi, ReasoningInTheTextIsNotGiven) {
  World world;
  world.script().reply("<think>Be short.</think>\n\nYes, we are open.");
  EXPECT_EQ(text_of(world, hello()).value(), "Yes, we are open.");
}

TEST(OpenAi, HealthTellsWhetherTheKeyIsTaken) {
  World world;
  auto http = net::make_http_client(world.real.io.get_executor());
  auto see = [&](Options options) {
    return world.real.run([&] { return look(*http, {}, options); });
  };
  EXPECT_EQ(see(world.options).value(), "model gpt-5-mini");
  auto options = world.options;
  options.api_key = "wrong";
  EXPECT_EQ(see(options).error().code, Errc::forbidden);
}

}  // namespace
}  // namespace parley::providers::openai
