// What people do to a running call, in virtual time.
#include "session_control.hpp"

#include <gmock/gmock.h>

#include "controlled_call.hpp"
#include "parley/audio/tones.hpp"

namespace parley::voice {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(ControlledCall, OnHoldTheCallerHearsMusicAndNothingTheySayIsAnswered) {
  recognizer.words = {"hello", "when are you open"};
  orders(4s, HoldCall{"usr_1"});
  says(5s, 1s);
  at(6s, [&] { line->events.push_back(telephony::MediaDigit{'1'}); });
  orders(14s, ResumeCall{"usr_1"});
  says(17s, 1s);
  auto report = run();
  EXPECT_THAT(log.turns, ElementsAre("hello")) << "the words after the hold, and no others";
  EXPECT_THAT(log.silences, IsEmpty()) << "ten seconds on hold are no silence of the caller";
  EXPECT_EQ(report.interruptions, 0);
  EXPECT_THAT(
      synthesizer.spoken,
      ElementsAre("Hello, this is the dentist.", "Thank you for waiting.",
                  "We are open from nine to five.", "Shall I book an appointment for you?"));
  ASSERT_EQ(journal.of("hold").size(), 1u);
  EXPECT_EQ(text_in(journal.of("hold")[0]->data, "by"), "usr_1");
  EXPECT_EQ(journal.of("handed_back").size(), 1u);
}

TEST_F(ControlledCall, TheMusicNeverStopsWhileTheCallIsOnHold) {
  orders(4s, HoldCall{"usr_1"});
  hang_up_after = 34s;
  std::size_t before = 0;
  at(5s, [&] { before = sound.size(); });
  run();
  auto music = std::span(sound).subspan(before);
  // 29 seconds, and what had been sent ahead.
  EXPECT_GT(music.size(), 28u * 8000);
  EXPECT_LT(music.size(), 31u * 8000);
  for (std::size_t at = 0; at + 1600 <= music.size(); at += 1600) {
    double sum = 0;
    for (auto sample : music.subspan(at, 1600)) sum += std::abs(static_cast<double>(sample));
    ASSERT_GT(sum / 1600, 30.0) << "silent after " << at / 8 << " ms";
  }
  EXPECT_LT(line->ahead(), 2s) << "no more than a little is sent ahead";
}

TEST_F(ControlledCall, WhatAHoldCutOffIsSaidWhenTheAgentComesBack) {
  recognizer.words = {"when are you open"};
  says(4s, 1s);
  orders(7s, HoldCall{"usr_1"});
  orders(9s, ResumeCall{"usr_1"});
  run();
  EXPECT_THAT(log.interruptions, ElementsAre(::testing::StartsWith("We are")));
  EXPECT_THAT(synthesizer.spoken,
              ElementsAre("Hello, this is the dentist.", "We are open from nine to five.",
                          "Shall I book an appointment for you?", "We are open from nine to five.",
                          "Shall I book an appointment for you?"));
}

TEST_F(ControlledCall, AHoldThatEndsBeforeTheDialogueDoesLosesNothing) {
  recognizer.words = {"when are you open"};
  log.thinks = 1500ms;
  hang_up_after = 13s;
  says(4s, 1s);
  orders(6200ms, HoldCall{"usr_1"});
  orders(6400ms, ResumeCall{"usr_1"});
  run();
  EXPECT_THAT(synthesizer.spoken,
              ElementsAre("Hello, this is the dentist.", "We are open from nine to five.",
                          "Shall I book an appointment for you?"));
  EXPECT_THAT(log.silences, IsEmpty()) << "the silence is counted from the last word on";
}

TEST_F(ControlledCall, TheLengthLimitHoldsOnHoldToo) {
  settings.longest_call = 10s;
  orders(4s, HoldCall{"usr_1"});
  auto report = run();
  EXPECT_EQ(report.reason, EndReason::length_limit);
  EXPECT_EQ(report.length, 10s);
}

TEST_F(ControlledCall, HangingUpEndsAHold) {
  orders(4s, HoldCall{"usr_1"});
  at(6s, [&] { session->request_hang_up(); });
  auto report = run();
  EXPECT_EQ(report.reason, EndReason::hung_up_by_us);
  EXPECT_LT(report.length, 6100ms);
}

TEST_F(ControlledCall, WhoTakesOverSpeaksToTheCallerWhoseWordsAreKept) {
  recognizer.words = {"are you a human", "thank you"};
  orders(4s, TakeOverCall{"usr_1"});
  at(5s, [&] {
    sound.clear();
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(session->give(SpeakLive{audio::Samples(800, 5000)}));
  });
  says(7s, 1s);
  orders(10s, ResumeCall{"usr_1"});
  says(12s, 1s);
  run();
  ASSERT_GE(sound.size(), 8000u);
  EXPECT_EQ(std::ranges::count_if(std::span(sound).first(8000),
                                  [](int s) { return std::abs(s - 5000) < 200; }),
            8000);
  EXPECT_THAT(log.turns, ElementsAre("thank you"));
  auto said = journal.of("caller.said");
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(text_in(said[0]->data, "text"), "are you a human");
  EXPECT_FALSE(said[0]->data.at("answered").as_bool());
}

TEST_F(ControlledCall, LiveSoundThatComesTooFastIsDroppedAndWithoutTakingOverNoneIsHeard) {
  at(4s, [&] {
    sound.clear();
    (void)session->give(SpeakLive{audio::Samples(800, 5000)});
  });
  at(5s, [&] { EXPECT_EQ(sound.size(), 0u); });
  orders(5s, TakeOverCall{"usr_1"});
  at(6s, [&] {
    for (int i = 0; i < 200; ++i) EXPECT_TRUE(session->give(SpeakLive{audio::Samples(800, 5000)}));
  });
  run();
  // Two seconds waited and two were handed on at most, of the twenty.
  EXPECT_GE(sound.size(), 2u * 8000);
  EXPECT_LE(sound.size(), 4u * 8000 + 800);
}

TEST_F(ControlledCall, AnInstructionReachesTheDialogueAndNotTheCaller) {
  orders(4s, Whisper{Whisper::As::instruction, "Offer ten percent.", "usr_1"});
  run();
  EXPECT_THAT(log.advice, ElementsAre("Offer ten percent."));
  EXPECT_THAT(log.turns, IsEmpty());
  EXPECT_THAT(journal.of("caller.said"), IsEmpty());
  auto whispers = journal.of("whisper");
  ASSERT_EQ(whispers.size(), 1u);
  EXPECT_TRUE(whispers[0]->data.at("heeded").as_bool());
  for (auto& sentence : synthesizer.spoken) EXPECT_NE(sentence, "Offer ten percent.");
}

TEST_F(ControlledCall, AnInstructionThatIsNotUnderstoodStandsInTheTimelineAsSuch) {
  log.understands = false;
  orders(4s, Whisper{Whisper::As::instruction, "Offer ten percent.", "usr_1"});
  run();
  EXPECT_FALSE(journal.of("whisper").at(0)->data.at("heeded").as_bool());
}

TEST_F(ControlledCall, AGivenSentenceIsSaidWhenTheCallerHasBeenAnswered) {
  recognizer.words = {"when are you open"};
  says(4s, 1s);
  orders(4500ms, Whisper{Whisper::As::sentence, "The doctor is here now.", "usr_1"});
  run();
  EXPECT_THAT(log.turns, ElementsAre("when are you open"));
  EXPECT_THAT(log.advice, IsEmpty());
  ASSERT_GE(synthesizer.spoken.size(), 4u);
  EXPECT_EQ(synthesizer.spoken[1], "We are open from nine to five.");
  EXPECT_EQ(synthesizer.spoken[3], "The doctor is here now.");
  auto said = journal.of("agent.said");
  EXPECT_EQ(text_in(said.at(2)->data, "heard"), "The doctor is here now.");
}

TEST_F(ControlledCall, KeysGoOutAsTheirTones) {
  orders(4s, PressKeys{"12#", "usr_1"});
  at(3900ms, [&] { sound.clear(); });
  hang_up_after = 8s;
  run();
  auto tones = audio::key_tones("12#");
  ASSERT_GE(sound.size(), tones.size());
  EXPECT_EQ(
      audio::mulaw_decode(audio::mulaw_encode(tones)),
      audio::Samples(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(tones.size())));
  EXPECT_EQ(text_in(journal.of("keys.sent").at(0)->data, "keys"), "12#");
}

TEST_F(ControlledCall, AListenerHearsBothSidesInStepAndIsAnnounced) {
  auto ears = std::make_shared<Ears>();
  recognizer.words = {"when are you open"};
  says(4s, 1s);
  orders(3s, ListenIn{ears, "usr_1"});
  hang_up_after = 12s;
  run();
  EXPECT_TRUE(ears->over);
  // From 3 s to 12 s, but for what is still on its way.
  EXPECT_NEAR(static_cast<double>(ears->sound.size()) / 16000, 8.8, 0.3);
  EXPECT_GT(ears->loudness(0, 1.1, 1.9), 500) << "the caller, left";
  EXPECT_LT(ears->loudness(1, 1.1, 1.9), 1);
  EXPECT_LT(ears->loudness(0, 3.5, 5.0), 1);
  EXPECT_GT(ears->loudness(1, 3.5, 4.5), 500) << "the agent, right";
  EXPECT_EQ(text_in(journal.of("listening").at(0)->data, "by"), "usr_1");
}

TEST_F(ControlledCall, ListenersComeAndGoAndTheirNumberIsBounded) {
  std::vector<std::shared_ptr<Ears>> all;
  for (std::size_t i = 0; i <= OrderBox::most_listeners; ++i)
    all.push_back(std::make_shared<Ears>());
  at(3s, [&] {
    for (std::size_t i = 0; i < OrderBox::most_listeners; ++i)
      EXPECT_TRUE(session->give(ListenIn{all[i], "usr_1"}));
    EXPECT_EQ(session->give(ListenIn{all.back(), "usr_1"}).error().code, Errc::rate_limited);
  });
  orders(5s, StopListening{all[0]});
  at(6s, [&] { EXPECT_TRUE(session->give(ListenIn{all.back(), "usr_2"})); });
  hang_up_after = 8s;
  run();
  EXPECT_NEAR(static_cast<double>(all[0]->sound.size()) / 16000, 1.8, 0.3);
  EXPECT_NEAR(static_cast<double>(all[1]->sound.size()) / 16000, 4.8, 0.3);
  EXPECT_NEAR(static_cast<double>(all.back()->sound.size()) / 16000, 2.0, 0.3);
  EXPECT_FALSE(all[0]->over) << "who left is told nothing any more";
  EXPECT_TRUE(all[1]->over);
  EXPECT_EQ(journal.of("listening.ended").size(), 1u);
}

TEST_F(ControlledCall, OrdersAreBoundedAndRefusedWhenTheCallIsOver) {
  at(3s, [&] {
    Result<void> given;
    std::size_t taken = 0;
    while ((given = session->give(Whisper{Whisper::As::instruction, "x", "usr_1"})) && taken < 1000)
      ++taken;
    EXPECT_EQ(taken, OrderBox::most_waiting);
    EXPECT_EQ(given.error().code, Errc::rate_limited);
  });
  after = [](CallSession& over) {
    EXPECT_EQ(over.give(HoldCall{"usr_1"}).error().code, Errc::conflict);
  };
  run();
}

}  // namespace
}  // namespace parley::voice
