// Whole calls in virtual time: when the caller's turn ends, and what stops the agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/testkit/caller_audio.hpp"
#include "simulated_line.hpp"

namespace parley::voice {
namespace {

using namespace testing;
using dialog::Speaker;
using dialog::TurnEnd;
using dialog::UserTurn;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::int64_t endpoint_ms(const Call& call) {
  auto said = call.journal.of("agent.said");
  return said.at(1)->data.at("latency").as_object().at("endpointMs").as_int64();
}

TEST(TurnTaking, AWholeAnswerIsTakenSoonerThanAnOpenSentence) {
  Call soon;
  soon.recognizer.words = {"when are you open on saturday"};
  soon.recognizer.partials = {{60, "when are you open on saturday"}};
  soon.says(3s, 1200ms);
  soon.run();
  EXPECT_LE(endpoint_ms(soon), 450);
  Call late;
  late.recognizer.words = {"when are you open on"};
  late.recognizer.partials = {{60, "when are you open on"}};
  late.says(3s, 1200ms);
  late.run();
  EXPECT_GE(endpoint_ms(late), 1300);
  EXPECT_LE(endpoint_ms(late), 1640);
}

TEST(TurnTaking, ANumberInGroupsIsOneTurn) {
  Call call;
  call.reply = [](UserTurn, Speaker& speaker) -> Task<TurnEnd> {
    speaker.say("Your number?");
    co_return FakeDialogue::listening("phone");
  };
  call.recognizer.words = {"hello", "two one two five five five zero one four two"};
  call.says(2s, 600ms);
  // Frames of the utterance: 300 ms of pre-roll, then as they come.
  call.says(6s, 1s);
  call.says(7900ms, 1s);
  call.at(7s, [&] { call.recognizer.partials = {{1, "two one two five five five"}}; });
  call.run();
  EXPECT_EQ(call.log.turns.size(), 2u) << "900 ms between two groups do not end the turn";
}

TEST(TurnTaking, WhatIsProbablyAllIsTakenUpBeforeTheTurnIsOver) {
  Call call;
  call.recognizer.words = {"how much is a check up"};
  call.recognizer.partials = {{40, "how much is"}, {62, "how much is a check up"}};
  call.says(3s, 1200ms);
  call.run();
  ASSERT_EQ(call.log.anticipated.size(), 1u) << "not for \"how much is\"";
  EXPECT_EQ(call.log.anticipated[0].text, "how much is a check up");
  ASSERT_EQ(call.log.turns.size(), 1u);
}

TEST(TurnTaking, ATurnIsGuessedAtMostThreeTimes) {
  Call call;
  std::string words = "how much is a check up";
  for (int i = 0; i < 6; ++i) {
    words += " please";
    call.recognizer.partials.push_back({45 + 32 * i, words});
    call.says(3s + i * 640ms, 400ms);
  }
  call.recognizer.words = {words};
  call.run();
  EXPECT_EQ(call.log.anticipated.size(), 3u);
}

TEST(TurnTaking, OtherLanguagesHaveTheUsualPatience) {
  Call call;
  call.settings.language = "de-DE";
  call.recognizer.words = {"wann haben sie am"};
  call.recognizer.partials = {{60, "wann haben sie am"}};
  call.says(3s, 1200ms);
  call.run();
  EXPECT_NEAR(double(endpoint_ms(call)), 700, 40);
}

/// Ten words; the caller says `words` for `length` from 1 s on, told as a partial when there are
/// any and as the final.
struct Sound {
  std::string words;
  Duration length{};
  bool told_before_the_end = true;
};
void make(Call& call, const Sound& sound) {
  call.greeting = "One two three four five six seven eight nine ten.";
  call.recognizer.words = {sound.words};
  if (sound.told_before_the_end) call.recognizer.partials = {{20, sound.words}};
  call.says(1s, sound.length);
}

TEST(BargeIn, ListeningSoundsDoNotStopTheAgent) {
  for (const auto& sound : {Sound{"uh-huh", 400ms}, Sound{"Okay.", 400ms}, Sound{"yeah", 300ms},
                            Sound{"mhm", 400ms, false}, Sound{"right okay", 700ms}}) {
    Call call;
    make(call, sound);
    auto report = call.run();
    EXPECT_EQ(report.interruptions, 0) << sound.words;
    EXPECT_THAT(call.log.turns, IsEmpty()) << sound.words;
    EXPECT_THAT(call.log.interruptions, IsEmpty()) << sound.words;
    auto resumed = call.journal.of("resumed");
    ASSERT_EQ(resumed.size(), 1u) << sound.words;
    EXPECT_EQ(resumed[0]->data.at("after").as_string(), sound.words);
    EXPECT_LE(resumed[0]->data.at("heldMs").as_int64(), sound.length / 1ms + 450) << sound.words;
  }
}

TEST(BargeIn, WordsDo) {
  for (const auto& sound : {Sound{"no", 300ms}, Sound{"stop", 400ms}, Sound{"wait a moment", 900ms},
                            Sound{"yes but not on monday", 1200ms, false}}) {
    Call call;
    make(call, sound);
    auto report = call.run();
    EXPECT_EQ(report.interruptions, 1) << sound.words;
    ASSERT_EQ(call.log.turns.size(), 1u) << sound.words;
    EXPECT_EQ(call.log.turns[0].text, sound.words);
    EXPECT_EQ(call.journal.of("resumed").size(), 0u);
    EXPECT_EQ(call.log.interruptions.size(), 1u);
  }
}

TEST(BargeIn, AYesToAQuestionIsItsAnswer) {
  Call call;
  make(call, {"yes", 300ms});
  call.greeting = "Shall I book the cleaning on Monday at two for you?";
  call.run();
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "yes");
}

TEST(BargeIn, EitherWayTheVoiceStopsWithin200Milliseconds) {
  for (const auto& sound : {Sound{"uh-huh", 400ms}, Sound{"stop", 400ms}}) {
    Call call;
    make(call, sound);
    call.run();
    ASSERT_GE(call.line->clears, 1);
    auto after = call.line->clear_times[0] - (TimePoint(1h) + 1s);
    EXPECT_GE(after, 0ms);
    EXPECT_LE(after, 200ms);
  }
}

TEST(BargeIn, AMarkThatTheClearReturnedDoesNotEndTheTurn) {
  Call call;
  call.greeting = "One two three.";  // all of it is with the carrier when the caller coughs
  call.says(500ms, 260ms);
  call.hang_up_after = 5s;
  call.run();
  auto said = call.journal.of("agent.said");
  ASSERT_EQ(said.size(), 1u);
  auto heard = std::ranges::count_if(call.line->air, [](auto sample) { return sample != 0; });
  EXPECT_GE(heard, 7200) << "what the clear took away is played again";
}

TEST(BargeIn, WhoGoesOnWhileTheAnswerIsMadeIsNotTalkedOver) {
  Call call;
  call.recognizer.words = {"i want to", "book a cleaning"};
  call.recognizer.delay = 400ms;
  call.says(3s, 1s);
  call.says(4820ms, 1200ms);  // after the turn was taken to be over, before its words are there
  call.run();
  ASSERT_EQ(call.log.turns.size(), 2u);
  for (std::size_t i = call.line->index_of(TimePoint(1h) + 5s);
       i < call.line->index_of(TimePoint(1h) + 6s) && i < call.line->air.size(); ++i)
    ASSERT_EQ(call.line->air[i], 0) << "the agent speaks at sample " << i;
}

TEST(Echo, TheAgentsOwnVoiceDoesNotStopIt) {
  auto human = testkit::human_voice("human_0870").samples;
  for (double gain_db : {-6.0, -12.0, -18.0, -25.0})
    for (auto delay : {20ms, 100ms, 300ms}) {
      Call call;
      call.synthesizer.voice = human;
      call.echo = {gain_db, delay};
      call.hang_up_after = 12s;
      auto report = call.run();
      EXPECT_EQ(report.interruptions, 0) << gain_db << " dB, " << delay / 1ms << " ms";
      EXPECT_EQ(call.line->clears, 0) << gain_db << " dB, " << delay / 1ms << " ms";
      EXPECT_THAT(call.log.turns, IsEmpty());
    }
}

TEST(Echo, TheCallerIsHeardOverIt) {
  auto human = testkit::human_voice("human_0870").samples;
  for (double gain_db : {-12.0, -18.0, -25.0}) {
    Call call;
    call.synthesizer.voice = human;
    call.echo = {gain_db, 120ms};
    call.recognizer.words = {"excuse me"};
    call.says(3s, 1s);
    auto report = call.run();
    EXPECT_EQ(report.interruptions, 1) << gain_db;
    ASSERT_GE(call.line->clears, 1) << gain_db;
    auto after = call.line->clear_times[0] - (TimePoint(1h) + 3s);
    EXPECT_GE(after, 0ms) << gain_db;
    EXPECT_LE(after, 200ms) << gain_db;
  }
}

}  // namespace
}  // namespace parley::voice
