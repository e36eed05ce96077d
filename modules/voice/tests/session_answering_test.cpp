// Calls that we made, in virtual time: who picks up, and what is done about it.
#include <gmock/gmock.h>

#include "controlled_call.hpp"

namespace parley::voice {
namespace {

using namespace testing;
using audio::AnswerKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct PickedUp : ControlledCall {
  PickedUp() {
    settings.answering.emplace();
    policy().on_machine = AnswerPolicy::OnMachine::leave_message;
    policy().message = "Please call the dentist back.";
    policy().who_calls = "This is the assistant of the dentist.";
    hang_up_after = 60s;
  }
  AnswerPolicy& policy() { return *settings.answering; }
  void beeps(Duration at, Duration length = 400ms) {
    audio::Samples tone(static_cast<std::size_t>(length / 125us));
    for (std::size_t i = 0; i < tone.size(); ++i)
      tone[i] = static_cast<std::int16_t>(
          6000 * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(i) / 8000.0));
    caller.emplace_back(at, std::move(tone));
  }
  std::string answered_as() {
    auto answered = journal.of("answered");
    return answered.empty() ? "" : text_in(answered.back()->data, "kind");
  }
  Duration said_at(std::string_view text) {
    for (auto* entry : journal.of("agent.said"))
      if (text_in(entry->data, "text") == text) return entry->at;
    return {};
  }
};

TEST_F(PickedUp, APersonIsTalkedToAsEver) {
  recognizer.words = {"hello", "when are you open"};
  says(500ms, 600ms);
  says(8s, 1s);
  hang_up_after = 20s;
  auto report = run();
  EXPECT_EQ(report.answered_by, AnswerKind::human);
  EXPECT_EQ(answered_as(), "human");
  EXPECT_THAT(log.turns, ElementsAre("hello", "when are you open"));
  EXPECT_EQ(report.outcome.kind, "answered");
}

TEST_F(PickedUp, AMailboxGetsItsMessageAfterTheBeepAndNoGreeting) {
  says(500ms, 7s);
  beeps(8200ms);
  auto report = run();
  EXPECT_EQ(report.answered_by, AnswerKind::machine);
  EXPECT_EQ(report.reason, EndReason::agent_hung_up);
  EXPECT_EQ(report.outcome.kind, "voicemail");
  EXPECT_THAT(synthesizer.spoken,
              ElementsAre("Hello, this is the dentist.", "Please call the dentist back."));
  EXPECT_THAT(log.turns, IsEmpty()) << "a machine's words are nobody's";
  // 8.6 s the beep ends; five words take 1.5 s.
  EXPECT_GT(said_at("Please call the dentist back."), 10s);
  EXPECT_LT(report.length, 11500ms);
  EXPECT_TRUE(journal.of("message.left").at(0)->data.at("beep").as_bool());
}

TEST_F(PickedUp, WithoutABeepTheMessageFollowsTheGreetingsEnd) {
  says(500ms, 9s);
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "voicemail");
  EXPECT_FALSE(journal.of("message.left").at(0)->data.at("beep").as_bool());
  EXPECT_GT(report.length, 9500ms + policy().no_beep_after);
  EXPECT_LT(report.length, 9500ms + policy().no_beep_after + 3s);
}

TEST_F(PickedUp, ABeepThatComesLateStartsTheMessageAnew) {
  says(500ms, 9s);
  beeps(13500ms);
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "voicemail");
  EXPECT_THAT(synthesizer.spoken,
              ElementsAre("Hello, this is the dentist.", "Please call the dentist back.",
                          "Please call the dentist back."));
  EXPECT_TRUE(journal.of("message.left").at(0)->data.at("beep").as_bool());
}

TEST_F(PickedUp, OrIsHungUpOnAtOnce) {
  policy().on_machine = AnswerPolicy::OnMachine::hang_up;
  says(500ms, 9s);
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "machine");
  EXPECT_LT(report.length, 5s) << "the greeting is not waited for";
  EXPECT_THAT(synthesizer.spoken, ElementsAre("Hello, this is the dentist."));
}

TEST_F(PickedUp, AnAssistantHearsWhoIsCallingAndThePersonIsTalkedTo) {
  recognizer.words = {"please say your name and why you are calling", "hello", "when are you open"};
  says(500ms, 2s);
  says(20s, 600ms);
  says(26s, 1s);
  hang_up_after = 35s;
  auto report = run();
  EXPECT_EQ(report.answered_by, AnswerKind::human);
  ASSERT_GE(synthesizer.spoken.size(), 2u);
  EXPECT_EQ(synthesizer.spoken[1], "This is the assistant of the dentist.");
  EXPECT_THAT(log.turns, ElementsAre("hello", "when are you open"));
  EXPECT_THAT(log.silences, IsEmpty()) << "a person who is being fetched is waited for";
}

TEST_F(PickedUp, WhoAsksAgainAndAgainIsAMachine) {
  recognizer.words = {"who is calling", "who is calling", "who is calling"};
  says(500ms, 1s);
  says(10s, 1s);
  says(20s, 1s);
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "machine");
  EXPECT_EQ(std::ranges::count(synthesizer.spoken, "This is the assistant of the dentist."), 2);
}

TEST_F(PickedUp, ReceptionistsWhoSpeakLongAreGreetedAgain) {
  says(2s, 3500ms);
  hang_up_after = 15s;
  auto report = run();
  EXPECT_EQ(report.answered_by, AnswerKind::human);
  EXPECT_EQ(report.reason, EndReason::caller_hung_up);
  EXPECT_GE(std::ranges::count(synthesizer.spoken, "Hello, this is the dentist."), 1);
  EXPECT_THAT(journal.of("message.left"), IsEmpty());
}

TEST_F(PickedUp, TheCarriersWordCountsWhenTheSoundSaysLittle) {
  policy().no_beep_after = 30s;
  orders(4s, AnsweredBy{AnswerKind::machine, 0.85, AnsweredBy::Greeting::over, "machine_end_beep"});
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "voicemail");
  EXPECT_LT(report.length, 8s);
  EXPECT_EQ(text_in(journal.of("carrier.answered_by").at(0)->data, "word"), "machine_end_beep");
}

TEST_F(PickedUp, AMachineThatNeverStopsIsGivenItsMessageInTheEnd) {
  policy().longest_greeting = 15s;
  says(500ms, 55s);
  auto report = run();
  EXPECT_EQ(report.outcome.kind, "voicemail");
  EXPECT_LT(report.length, 25s);
}

TEST_F(PickedUp, CallsThatWeGetAreNotWatched) {
  settings.answering.reset();
  says(500ms, 6s);
  hang_up_after = 12s;
  auto report = run();
  EXPECT_EQ(report.answered_by, AnswerKind::undecided);
  EXPECT_THAT(journal.of("answered"), IsEmpty());
}

}  // namespace
}  // namespace parley::voice
