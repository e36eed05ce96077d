#include "parley/audio/answer_detector.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace parley::audio {
namespace {

using namespace std::chrono_literals;

/// Somebody picks up; sounds follow each other.
struct Line {
  AnswerDetector detector;
  std::uint32_t state = 3;

  void frames(Duration length, auto sample_at) {
    auto count = length / frame_length;
    for (std::int64_t f = 0; f < count; ++f) {
      Samples frame(telephone_frame_samples);
      for (std::size_t i = 0; i < frame.size(); ++i) {
        state = state * 1664525 + 1013904223;
        double noise = static_cast<int>(state >> 16) % 60 - 30;
        double t = static_cast<double>(f * 160 + static_cast<std::int64_t>(i)) / 8000.0;
        frame[i] = static_cast<std::int16_t>(sample_at(t) + noise);
      }
      detector.process(frame);
    }
  }
  /// A buzz with the harmonics and the rhythm of a voice.
  Line& voice(Duration length) {
    frames(length, [](double t) {
      double sum = 0;
      for (int k = 2; k < 24; ++k) sum += std::sin(2 * std::numbers::pi * 130 * k * t) / k;
      return 4000 * sum * (0.6 + 0.4 * std::sin(2 * std::numbers::pi * 4 * t));
    });
    return *this;
  }
  Line& silence(Duration length) {
    frames(length, [](double) { return 0.0; });
    return *this;
  }
  Line& tone(double hz, Duration length) {
    frames(length, [hz](double t) { return 6000 * std::sin(2 * std::numbers::pi * hz * t); });
    return *this;
  }
  AnswerKind kind() const { return detector.verdict().kind; }
};

TEST(AnswerDetector, AShortWordAndAPauseIsAPerson) {
  Line line;
  line.silence(500ms).voice(700ms).silence(400ms);
  EXPECT_EQ(line.kind(), AnswerKind::undecided);
  line.silence(400ms);
  EXPECT_EQ(line.kind(), AnswerKind::human);
  EXPECT_GT(line.detector.verdict().confidence, 0.8);
  EXPECT_NEAR(std::chrono::duration<double>(line.detector.verdict().at).count(), 1.9, 0.1);
}

TEST(AnswerDetector, AVoiceThatGoesOnIsAMachineAndMoreSoTheLonger) {
  Line line;
  line.silence(300ms).voice(2900ms);
  EXPECT_EQ(line.kind(), AnswerKind::machine);
  auto at_first = line.detector.verdict().confidence;
  line.voice(2s);
  EXPECT_GT(line.detector.verdict().confidence, at_first);
  EXPECT_FALSE(line.detector.verdict().beep);
}

TEST(AnswerDetector, ShortPausesBelongToTheGreeting) {
  Line line;
  line.voice(1200ms).silence(350ms).voice(1200ms).silence(350ms).voice(600ms);
  EXPECT_EQ(line.kind(), AnswerKind::machine);
}

TEST(AnswerDetector, ABeepProvesAMachineWhateverWasThoughtBefore) {
  Line line;
  line.voice(700ms).silence(1s);
  ASSERT_EQ(line.kind(), AnswerKind::human);
  line.tone(1000, 400ms).silence(200ms);
  EXPECT_EQ(line.kind(), AnswerKind::machine);
  ASSERT_TRUE(line.detector.verdict().beep);
  EXPECT_NEAR(std::chrono::duration<double>(*line.detector.verdict().beep).count(), 2.1, 0.2);
}

TEST(AnswerDetector, AReceptionistWhoThenWaitsIsAPerson) {
  Line line;
  line.voice(3500ms);
  ASSERT_EQ(line.kind(), AnswerKind::machine);
  line.silence(2500ms);
  EXPECT_EQ(line.kind(), AnswerKind::human);
}

TEST(AnswerDetector, ALongGreetingWithoutABeepStaysAMachine) {
  Line line;
  line.voice(7s).silence(4s);
  EXPECT_EQ(line.kind(), AnswerKind::machine);
  EXPECT_GE(line.detector.silent_for(), 3900ms);
}

TEST(AnswerDetector, SilenceIsUnknownAfterAWhileAndAVoiceDecidesLater) {
  Line line;
  line.silence(4900ms);
  EXPECT_EQ(line.kind(), AnswerKind::undecided);
  line.silence(200ms);
  EXPECT_EQ(line.kind(), AnswerKind::unknown);
  line.voice(600ms).silence(800ms);
  EXPECT_EQ(line.kind(), AnswerKind::human);
}

TEST(AnswerDetector, RingingIsNotAnAnswer) {
  Line line;
  line.tone(440, 2s).silence(4s).tone(440, 2s).silence(1s);
  EXPECT_EQ(line.kind(), AnswerKind::undecided);
}

TEST(AnswerDetector, AClickIsNobody) {
  Line line;
  line.silence(300ms).voice(80ms).silence(2s);
  EXPECT_EQ(line.kind(), AnswerKind::undecided);
}

TEST(AnswerDetector, WordsCountMoreThanTheRhythm) {
  Line line;
  line.voice(1s);
  line.detector.hear("Hi, please leave a message");
  EXPECT_EQ(line.kind(), AnswerKind::machine);
  line.silence(3s);
  EXPECT_EQ(line.kind(), AnswerKind::machine) << "a pause makes no person of it";

  Line assistant;
  assistant.voice(4s);
  assistant.detector.hear("Please say your name and why you're calling.");
  EXPECT_EQ(assistant.kind(), AnswerKind::screening);
  assistant.detector.begin_again();
  EXPECT_EQ(assistant.kind(), AnswerKind::undecided);
  assistant.voice(500ms).silence(1s);
  EXPECT_EQ(assistant.kind(), AnswerKind::human);
}

TEST(AnswerDetector, ACarriersOpinionCountsAsMuchAsItsConfidence) {
  Line line;
  line.voice(500ms).silence(900ms);
  ASSERT_EQ(line.kind(), AnswerKind::human);
  line.detector.believe(AnswerKind::machine, 0.5);
  EXPECT_EQ(line.kind(), AnswerKind::human);
  line.detector.believe(AnswerKind::machine, 0.9);
  EXPECT_EQ(line.kind(), AnswerKind::machine);
}

TEST(AnswerWords, WhatIsSaidTellsWhoSaysIt) {
  auto kind = [](std::string_view words) { return judge_answer(words).kind; };
  EXPECT_EQ(kind("Please LEAVE a message, after the tone!"), AnswerKind::machine);
  EXPECT_EQ(kind("hello"), AnswerKind::human);
  EXPECT_EQ(kind("hello, who's there?"), AnswerKind::human);
  EXPECT_EQ(kind("may I ask who is calling"), AnswerKind::screening);
  EXPECT_EQ(kind("I'll see if this person is available"), AnswerKind::screening);
  EXPECT_EQ(kind(""), AnswerKind::undecided);
  EXPECT_EQ(kind("two cleanings on friday"), AnswerKind::undecided);
}

}  // namespace
}  // namespace parley::audio
