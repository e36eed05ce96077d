#include "parley/voice/call_session.hpp"

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

TEST(CallSession, GreetsAnswersAndReportsTheTurnsLatency) {
  Call call;
  call.recognizer.words = {"when are you open"};
  call.says(3s, 1200ms);
  auto report = call.run();
  EXPECT_EQ(report.reason, EndReason::caller_hung_up);
  EXPECT_EQ(report.caller_turns, 1);
  EXPECT_EQ(report.agent_turns, 2);
  EXPECT_EQ(report.interruptions, 0);
  EXPECT_EQ(report.outcome.kind, "answered");
  EXPECT_EQ(report.outcome.summary, "A test, concluded.");
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "when are you open");
  EXPECT_THAT(call.synthesizer.spoken,
              ElementsAre("Hello, this is the dentist.", "You said when are you open."));
  EXPECT_THAT(call.recognizer.expectations, ElementsAre("open", "next"));
  EXPECT_TRUE(call.line->closed);
  auto said = call.journal.of("agent.said");
  ASSERT_EQ(said.size(), 2u);
  auto& latency = said[1]->data.at("latency").as_object();
  EXPECT_NEAR(double(latency.at("endpointMs").as_int64()), 700, 40);
  EXPECT_EQ(latency.at("recognitionMs").as_int64(), 100);
  EXPECT_EQ(latency.at("dialogueMs").as_int64(), 0);
  EXPECT_EQ(latency.at("synthesisMs").as_int64(), 50);
}

TEST(CallSession, StopsSpeakingWhenTheCallerDoes) {
  Call call;
  call.greeting = std::string("One two three four five six seven eight nine ten eleven twelve ") +
                  "thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty.";
  call.recognizer.words = {"stop"};
  call.says(2s, 1s);
  auto report = call.run();
  EXPECT_EQ(report.interruptions, 1);
  ASSERT_GE(call.line->clears, 1);
  auto began = call.line->clear_times[0] - (TimePoint(1h) + 2s);
  EXPECT_GE(began, 0ms);
  EXPECT_LE(began, 200ms) << "barge-in must stop the agent's audio within 200 ms";
  // 50 ms to synthesise, then 300 ms a word: about 7 words at 2.1 s.
  ASSERT_EQ(call.log.interruptions.size(), 1u);
  EXPECT_THAT(call.log.interruptions[0],
              ::testing::AnyOf("One two three four five six", "One two three four five six seven"));
  EXPECT_EQ(call.log.turns.at(0).text, "stop");
  auto said = call.journal.of("agent.said");
  EXPECT_TRUE(said[0]->data.at("interrupted").as_bool());
  EXPECT_EQ(said[0]->data.at("heard").as_string(), call.log.interruptions[0]);
}

TEST(CallSession, NoiseThatWasNoWordsLetsTheAgentGoOn) {
  Call call;
  call.greeting = "One two three four five six seven eight nine ten.";
  call.says(1s, 260ms);
  auto report = call.run();
  EXPECT_EQ(call.log.turns.size(), 0u);
  EXPECT_EQ(report.caller_turns, 0);
  EXPECT_THAT(call.synthesizer.spoken, ElementsAre(call.greeting))
      << "not said again: gone on with";
  EXPECT_EQ(call.journal.of("resumed").size(), 1u);
  EXPECT_EQ(report.interruptions, 0);
  EXPECT_EQ(call.journal.of("agent.said")[0]->data.at("interrupted").as_bool(), false);
  // Ten words of 300 ms: all of them were heard, and at most 300 ms of them twice.
  auto heard = std::ranges::count_if(call.line->air, [](auto sample) { return sample != 0; });
  EXPECT_GE(heard, 24000);
  EXPECT_LE(heard, 24000 + 2400 + 160);
}

TEST(CallSession, SpeechWithoutWordsIsATurnTheDialogueMayAskAbout) {
  Call call;
  call.says(3s, 1500ms);
  call.run();
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "");
  EXPECT_EQ(call.log.turns[0].confidence, 0.0);
}

TEST(CallSession, PausesInsideASentenceDoNotEndTheTurn) {
  Call call;
  call.recognizer.words = {"i'd like to come tomorrow"};
  call.says(3s, 800ms);
  call.says(4300ms, 800ms);
  call.run();
  EXPECT_EQ(call.log.turns.size(), 1u);
}

TEST(CallSession, ACallerWhoNeverStopsIsAnsweredAnyway) {
  Call call;
  call.recognizer.words = {"and another thing"};
  call.says(2s, 40s);
  call.hang_up_after = 45s;
  call.run();
  ASSERT_GE(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "and another thing");
}

TEST(CallSession, SilenceIsAskedAboutThenEnded) {
  Call call;
  call.hang_up_after = 120s;
  auto report = call.run();
  EXPECT_THAT(call.log.silences, ElementsAre(1, 2, 3));
  EXPECT_EQ(report.reason, EndReason::agent_hung_up);
  EXPECT_LT(report.length, 60s);
}

TEST(CallSession, AMinuteOfNoiseIsSilence) {
  Call call;
  call.hisses(0s, 120s);
  call.hang_up_after = 120s;
  auto report = call.run();
  EXPECT_THAT(call.log.silences, ElementsAre(1, 2, 3));
  EXPECT_THAT(call.log.turns, IsEmpty());
  EXPECT_EQ(report.reason, EndReason::agent_hung_up);
  EXPECT_LT(report.length, 60s);
}

TEST(CallSession, PiecesOfAnyLengthAreHeard) {
  Call call;
  call.recognizer.words = {"hello there"};
  // The carrier's own frames are silence; the voice comes in pieces of 13 ms.
  auto voice = voice_like(1300ms);
  for (std::size_t at = 0; at + 104 <= voice.size(); at += 104) {
    auto codes = audio::mulaw_encode(std::span(voice).subspan(at, 104));
    call.at(3s + std::chrono::milliseconds(at / 8), [&call, codes] {
      auto bytes = std::as_bytes(std::span(codes));
      call.line->events.push_back(telephony::MediaAudio{{bytes.begin(), bytes.end()}, 3000ms});
      call.line->wake.notify();
    });
  }
  call.frames_stop = true;
  call.run();
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "hello there");
  EXPECT_NEAR(call.recognizer.frames, 65, 25) << "frames of 20 ms, whatever came";
}

TEST(CallSession, KeysInterruptAndAreATurn) {
  Call call;
  call.at(1s, [&] {
    call.line->events.push_back(telephony::MediaDigit{'2'});
    call.line->wake.notify();
  });
  auto report = call.run();
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].input, UserTurn::Input::keys);
  EXPECT_EQ(call.log.turns[0].text, "2");
  EXPECT_EQ(report.interruptions, 1);
}

TEST(CallSession, ATypedNumberEndsByPoundOrByAPause) {
  Call call;
  call.reply = [](UserTurn, Speaker& speaker) -> Task<TurnEnd> {
    speaker.say("Your number?");
    auto end = FakeDialogue::listening("phone");
    end.keys_expected = 15;
    co_return end;
  };
  auto press = [&](Duration when, std::string keys) {
    call.at(when, [&call, keys] {
      for (char c : keys) call.line->events.push_back(telephony::MediaDigit{c});
      call.line->wake.notify();
    });
  };
  press(2s, "1");
  press(4s, "212555");
  press(5s, "0100#");
  press(8s, "42");
  call.hang_up_after = 15s;
  call.run();
  ASSERT_EQ(call.log.turns.size(), 3u);
  EXPECT_EQ(call.log.turns[1].text, "2125550100#");
  EXPECT_EQ(call.log.turns[2].text, "42");
}

TEST(CallSession, ASlowToolIsBridgedByAFillerWithinThreeSeconds) {
  Call call;
  call.recognizer.words = {"book it"};
  call.says(3s, 1s);
  call.reply = [&](UserTurn, Speaker& speaker) -> Task<TurnEnd> {
    co_await call.world.clock().sleep_for(5s);
    speaker.say("Done.");
    co_return FakeDialogue::listening("open");
  };
  call.hang_up_after = 15s;
  call.run();
  EXPECT_THAT(call.synthesizer.spoken, ElementsAre(call.greeting, "One moment, please.", "Done."));
}

TEST(CallSession, ADialogueThatHangsIsApologisedForAndTheCallGoesOn) {
  Call call;
  call.recognizer.words = {"first", "second"};
  call.says(3s, 1s);
  call.says(28s, 1s);
  bool hang = true;
  call.reply = [&](UserTurn, Speaker& speaker) -> Task<TurnEnd> {
    if (std::exchange(hang, false)) co_await call.world.clock().sleep_for(1h);
    speaker.say("Here I am.");
    co_return FakeDialogue::listening("open");
  };
  call.settings.filler_after = 2s;
  call.hang_up_after = 35s;
  auto report = call.run();
  EXPECT_THAT(call.synthesizer.spoken, ::testing::Contains(::testing::HasSubstr("I'm sorry")));
  EXPECT_EQ(call.synthesizer.spoken.back(), "Here I am.");
  EXPECT_EQ(report.reason, EndReason::caller_hung_up);
}

TEST(CallSession, HangingUpInMidToolCancelsTheDialogueAndEnds) {
  Call call;
  call.recognizer.words = {"book it"};
  call.says(3s, 1s);
  call.reply = [&](UserTurn, Speaker&) -> Task<TurnEnd> {
    co_await call.world.clock().sleep_for(1h);
    co_return FakeDialogue::listening("open");
  };
  call.hang_up_after = 6s;
  auto report = call.run();
  EXPECT_TRUE(call.log.cancelled);
  EXPECT_EQ(report.reason, EndReason::caller_hung_up);
  EXPECT_LT(report.length, 7s);
}

TEST(CallSession, ARecognizerThatIsAwayIsOpenedAgain) {
  Call call;
  call.recognizer.failing_opens = 2;
  call.recognizer.words = {"hello again"};
  call.says(6s, 1s);
  call.run();
  EXPECT_EQ(call.recognizer.opened, 3);
  ASSERT_EQ(call.log.turns.size(), 1u);
  EXPECT_EQ(call.log.turns[0].text, "hello again");
  EXPECT_EQ(call.journal.of("engine.failed").size(), 2u);
}

TEST(CallSession, ARecognizerThatNeverAnswersIsLeftWithinThreeSeconds) {
  Call call;
  call.recognizer.hang_finals = 1;
  call.recognizer.words = {"second try"};
  call.says(3s, 1s);
  call.says(12s, 1s);
  call.hang_up_after = 18s;
  call.run();
  ASSERT_EQ(call.log.turns.size(), 2u);
  EXPECT_EQ(call.log.turns[0].text, "");
  EXPECT_EQ(call.log.turns[1].text, "second try");
  EXPECT_EQ(call.recognizer.opened, 2);
}

TEST(CallSession, AVoiceThatStaysAwayEndsWithTheCarriersApology) {
  Call call;
  call.synthesizer.failing = 1000;
  call.hang_up_after = 120s;
  auto report = call.run();
  EXPECT_EQ(report.reason, EndReason::failed);
}

TEST(CallSession, FramesThatStopEndTheTurn) {
  Call call;
  call.frames_stop = true;
  call.recognizer.words = {"muted"};
  call.says(3s, 1s);
  call.run();
  ASSERT_EQ(call.log.turns.size(), 1u);
}

TEST(CallSession, ALostMarkDoesNotHoldTheCall) {
  Call call;
  call.line->lose_marks = true;
  call.hang_up_after = 120s;
  auto report = call.run();
  EXPECT_EQ(report.reason, EndReason::agent_hung_up);
}

TEST(CallSession, BrokenMediaIsReportedAsSuch) {
  Call call;
  call.at(2s, [&] {
    call.line->ending = Error{Errc::unavailable, "reset"};
    call.line->wake.notify();
  });
  EXPECT_EQ(call.run().reason, EndReason::media_lost);
}

TEST(CallSession, HangUpOnRequestAndAtTheLengthLimit) {
  Call asked;
  asked.at(1s, [&] { asked.session->request_hang_up(); });
  EXPECT_EQ(asked.run().reason, EndReason::hung_up_by_us);
  Call limited;
  limited.settings.longest_call = 5s;
  EXPECT_EQ(limited.run().reason, EndReason::length_limit);
}

TEST(CallSession, RecordsBothSidesInStepAndOnlyWhatWasHeard) {
  Call call;
  call.greeting = "One two three four five six seven eight nine ten eleven twelve.";
  call.recognizer.words = {"stop"};
  call.reply = [](UserTurn, Speaker&) -> Task<TurnEnd> { co_return FakeDialogue::listening("x"); };
  call.says(1s, 1s);
  call.hang_up_after = 5s;
  call.run();
  auto loud = [&](std::size_t channel, double from, double to) {
    std::size_t count = 0;
    for (auto i = static_cast<std::size_t>(from * 8000); i < static_cast<std::size_t>(to * 8000);
         ++i)
      if (std::abs(call.recording.samples.at(2 * i + channel)) > 100) ++count;
    return static_cast<double>(count) / ((to - from) * 8000);
  };
  EXPECT_NEAR(static_cast<double>(call.recording.samples.size()) / 16000, 5.0, 0.2);
  EXPECT_GT(loud(1, 0.1, 1.0), 0.9) << "the agent, before the interruption";
  EXPECT_EQ(loud(1, 1.3, 4.5), 0.0) << "what was cleared is not in the recording";
  EXPECT_EQ(loud(0, 0.0, 0.95), 0.0);
  EXPECT_GT(loud(0, 1.1, 1.9), 0.5) << "the caller";
}

TEST(CallSession, AudioGoesOutInLargePieces) {
  Call call;
  call.greeting = "One two three four five six seven eight nine ten.";
  call.hang_up_after = 5s;
  call.run();
  std::size_t samples = 0;
  for (auto& [when, count] : call.line->sent) samples += count;
  EXPECT_EQ(samples, 24000u);
  EXPECT_LE(call.line->sent.size(), 20u) << "200 ms pieces, not 150 frames";
}

TEST(CallSession, ACarrierThatTakesNothingIsTriedAgain) {
  Call call;
  call.line->refuse_audio = true;
  call.at(1s, [&] { call.line->refuse_audio = false; });
  call.hang_up_after = 5s;
  call.run();
  EXPECT_FALSE(call.line->sent.empty());
  EXPECT_THAT(call.log.silences, IsEmpty());
}

}  // namespace
}  // namespace parley::voice
