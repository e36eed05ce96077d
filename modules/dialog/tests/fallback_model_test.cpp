#include "parley/dialog/fallback_model.hpp"

#include <gtest/gtest.h>

#include "fake_model.hpp"
#include "parley/base/task_group.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::dialog {
namespace {

class FallbackModel : public ::testing::Test {
 protected:
  struct Said {
    std::string text;
    std::vector<std::string> requests;
    std::optional<Completion> completion;
    std::optional<Error> error;
    Duration first{};  ///< until the first event
    Duration took{};
  };
  Task<void> listen(Said& said, Context ctx) {
    auto began = world.clock().now();
    ModelPrompt prompt;
    prompt.messages.emplace_back().text = "When are you open?";
    auto beginning = model.generate(std::move(ctx), prompt);
    auto stream = co_await std::move(beginning);
    if (!stream) said.error = stream.error();
    said.first = world.clock().now() - began;
    while (!said.error && !said.completion) {
      auto waiting = (*stream)->next();
      auto event = co_await std::move(waiting);
      if (!event)
        said.error = event.error();
      else if (auto* piece = std::get_if<TextPiece>(&*event))
        said.text += piece->text;
      else if (auto* request = std::get_if<ToolRequest>(&*event))
        said.requests.push_back(request->name);
      else
        said.completion = std::get<Completion>(*event);
    }
    said.took = world.clock().now() - began;
    co_return Result<void>{};
  }
  Said ask() {
    Said said;
    EXPECT_TRUE(world.run([&] { return listen(said, {}); }));
    EXPECT_EQ(one.running + two.running + three.running, 0) << "nobody is left running";
    return said;
  }
  /// The same, given up after a while.
  Said ask_until(Duration limit) {
    Said said;
    auto listened = world.run([&]() -> Task<void> {
      auto listening = listen(said, {});
      co_return co_await with_deadline(world.clock(), world.clock().now() + limit,
                                       std::move(listening));
    });
    if (!listened) said.error = listened.error();
    return said;
  }
  void wait(Duration duration) { world.run_for(duration); }

  testkit::SimWorld world;
  FakeModel one{world.clock(), "one"};
  FakeModel two{world.clock(), "two"};
  FakeModel three{world.clock(), "three"};
  std::vector<std::string> told;
  FallbackLanguageModel model{world.clock(),
                              {&one, &two, &three},
                              {.slow_after = 1s, .first_rest = 10s, .longest_rest = 40s},
                              [this](const TakeOver& take_over) {
                                told.push_back(take_over.from + ">" + take_over.to + " " +
                                               std::string(to_string(take_over.why.code)));
                              }};
};

TEST_F(FallbackModel, TheBestAnswersAlone) {
  one.answers = {FakeModel::saying({"At ", "nine."}, 300ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 300ms);
  EXPECT_EQ(said.took, 600ms);
  EXPECT_TRUE(two.prompts.empty());
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(model.name(), "one");
}

TEST_F(FallbackModel, OneThatFailsIsLeftAtOnce) {
  two.answers = {FakeModel::saying({"At nine."}, 200ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.took, 200ms);
  EXPECT_EQ(told, std::vector<std::string>{"one>two unavailable"});
}

TEST_F(FallbackModel, ASlowOneIsOvertakenAndCancelled) {
  one.answers = {FakeModel::hanging()};
  two.answers = {FakeModel::saying({"At nine."}, 200ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 1200ms);
  EXPECT_EQ(told, std::vector<std::string>{"one>two timeout"});
}

TEST_F(FallbackModel, ASlowOneMayStillWin) {
  one.answers = {FakeModel::saying({"At nine."}, 1100ms), FakeModel::saying({"At ten."})};
  two.answers = {FakeModel::saying({"Never heard."}, 200ms), FakeModel::saying({"Never."})};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 1100ms);
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(two.prompts.size(), 1u);
  EXPECT_EQ(ask().text, "At ten.") << "it does not rest";
}

TEST_F(FallbackModel, TheFailureOfTheSlowOneDoesNotEndTheOther) {
  one.answers = {FakeModel::failing({}, Errc::timeout, 1500ms)};
  two.answers = {FakeModel::saying({"At nine."}, 800ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 1800ms);
}

TEST_F(FallbackModel, TheFailureOfTheOtherDoesNotEndTheSlowOne) {
  one.answers = {FakeModel::saying({"At nine."}, 2500ms)};
  two.answers = {FakeModel::failing({}, Errc::unavailable, 500ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 2500ms) << "the third was asked at 1.5 s and failed too";
  EXPECT_EQ(three.prompts.size(), 1u);
}

TEST_F(FallbackModel, TheThirdIsAskedAfterTwoSeconds) {
  one.answers = {FakeModel::hanging()};
  two.answers = {FakeModel::hanging()};
  three.answers = {FakeModel::saying({"At nine."}, 100ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "At nine.");
  EXPECT_EQ(said.first, 2100ms);
  EXPECT_EQ(told, (std::vector<std::string>{"two>three timeout", "one>three timeout"}));
}

TEST_F(FallbackModel, AfterWordsWereGivenTheNextGoesOnFromThem) {
  one.answers = {FakeModel::failing({"We open", " at ni"}, Errc::unavailable, 100ms)};
  two.answers = {FakeModel::saying({"nine ", "tomorrow."}, 100ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "We open at nine tomorrow.");
  EXPECT_EQ(said.took, 500ms);
  ASSERT_EQ(two.prompts.size(), 1u);
  const auto& messages = two.prompts[0].messages;
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].text, "When are you open?");
  EXPECT_EQ(messages[1].role, ModelMessage::Role::assistant);
  EXPECT_EQ(messages[1].text, "We open at ");
  EXPECT_EQ(messages[2].role, ModelMessage::Role::user);
}

TEST_F(FallbackModel, ASpaceAloneIsNothingToGoOnFrom) {
  one.answers = {FakeModel::failing({" At"}, Errc::unavailable)};
  two.answers = {FakeModel::saying({"At nine."})};
  EXPECT_EQ(ask().text, " At nine.");
  EXPECT_EQ(two.prompts.at(0).messages.size(), 1u) << "vendors refuse an empty message";
}

TEST_F(FallbackModel, OneThatFallsSilentIsOvertakenInTheMiddle) {
  one.answers = {FakeModel::hanging({"We open at "})};
  two.answers = {FakeModel::saying({"We open at ", "nine."}, 100ms)};
  auto said = ask();
  EXPECT_EQ(said.text, "We open at nine.") << "what was said is not said again";
  EXPECT_EQ(said.took, 1200ms);
  EXPECT_EQ(told, std::vector<std::string>{"one>two timeout"});
}

TEST_F(FallbackModel, WithEveryEngineDownItIsUnavailable) {
  one.answers = {FakeModel::hanging()};
  auto said = ask_until(5s);
  EXPECT_EQ(said.error.value().code, Errc::timeout) << "a hanging one is waited for";
  one.answers.clear();
  wait(10s);
  told.clear();
  said = ask();
  EXPECT_EQ(said.error.value().code, Errc::unavailable);
  EXPECT_EQ(said.took, 0s);
  EXPECT_EQ(told.back(), "one> unavailable");
  auto before = one.prompts.size();
  EXPECT_EQ(ask().error.value().code, Errc::unavailable);
  EXPECT_EQ(one.prompts.size(), before) << "they rest";
}

TEST_F(FallbackModel, AnEngineThatFailedRestsAndIsTriedAgain) {
  two.answers.assign(10, FakeModel::saying({"Two."}));
  EXPECT_EQ(ask().text, "Two.");
  one.answers.assign(10, FakeModel::saying({"One."}));
  wait(9999ms);
  EXPECT_EQ(ask().text, "Two.");
  EXPECT_EQ(one.prompts.size(), 1u);
  wait(1ms);
  EXPECT_EQ(ask().text, "One.");
  EXPECT_EQ(ask().text, "One.") << "it is well again";
}

TEST_F(FallbackModel, EachFurtherFailureDoublesTheRest) {
  two.answers.assign(100, FakeModel::saying({"Two."}));
  for (auto rest : {10s, 20s, 40s, 40s}) {
    EXPECT_EQ(ask().text, "Two.");
    auto asked = one.prompts.size();
    wait(rest - 1ms);
    EXPECT_EQ(ask().text, "Two.");
    EXPECT_EQ(one.prompts.size(), asked) << rest.count();
    wait(1ms);
  }
}

TEST_F(FallbackModel, OnlyOneGenerationTriesWhetherItIsWellAgain) {
  two.answers.assign(10, FakeModel::saying({"Two."}));
  ask();
  wait(10s);
  one.answers = {FakeModel::saying({"One."}, 500ms)};
  Said trial;
  Said beside;
  world.run([&]() -> Task<void> {
    auto executor = co_await asio::this_coro::executor;
    TaskGroup group(executor);
    group.spawn("trial", [&]() -> asio::awaitable<void> {
      auto listening = listen(trial, {});
      (void)co_await std::move(listening);
    });
    co_await world.clock().sleep_for(100ms);
    auto listening = listen(beside, {});
    (void)co_await std::move(listening);
    co_await world.clock().sleep_for(1s);
    co_await group.stop();
    co_return Result<void>{};
  });
  EXPECT_EQ(trial.text, "One.");
  EXPECT_EQ(beside.text, "Two.");
  EXPECT_EQ(beside.took, 0s);
}

TEST_F(FallbackModel, APromptThatNobodyTakesIsTheCallersFault) {
  for (auto* engine : {&one, &two, &three})
    engine->answers = {FakeModel::failing({}, Errc::invalid)};
  EXPECT_EQ(ask().error.value().code, Errc::invalid);
  one.answers = {FakeModel::saying({"One."})};
  EXPECT_EQ(ask().text, "One.") << "nobody rests for it";
}

TEST_F(FallbackModel, OneThatSaysNothingHasFailed) {
  one.answers = {FakeModel::saying({})};
  two.answers = {FakeModel::saying({"Two."})};
  EXPECT_EQ(ask().text, "Two.");
}

TEST_F(FallbackModel, RequestsThatWereGivenAreNotMadeTwice) {
  FakeModel::Answer answer;
  answer.push_back({100ms, LanguageEvent(TextPiece{"One moment"})});
  answer.push_back({100ms, LanguageEvent(ToolRequest{"1", "find_slots", {}})});
  answer.push_back({100ms, fail(Errc::unavailable, "closed")});
  one.answers = {answer};
  auto said = ask();
  EXPECT_EQ(said.text, "One moment");
  EXPECT_EQ(said.requests, std::vector<std::string>{"find_slots"});
  EXPECT_EQ(said.completion.value().reason, Completion::Reason::tools);
  EXPECT_EQ(said.took, 300ms);
  EXPECT_TRUE(two.prompts.empty());
}

TEST_F(FallbackModel, BargingInEndsAllOfThem) {
  one.answers = {FakeModel::hanging()};
  two.answers = {FakeModel::hanging()};
  auto said = ask_until(1500ms);
  EXPECT_EQ(one.running + two.running, 0);
  EXPECT_EQ(said.error.value().code, Errc::timeout);
  one.answers = {FakeModel::saying({"One."})};
  EXPECT_EQ(ask().text, "One.") << "that counts against nobody";
}

}  // namespace
}  // namespace parley::dialog
