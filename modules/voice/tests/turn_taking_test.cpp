// Whole calls in virtual time: when the caller's turn ends, and what stops the agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace parley::voice
