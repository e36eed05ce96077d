#include "parley/audio/voice_activity.hpp"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <numbers>

#include "parley/testkit/caller_audio.hpp"

namespace parley::audio {
namespace {

struct Segment {
  int start;  ///< frames
  int end;
};

/// Stretches of speech as the detector's state tells them.
std::vector<Segment> segments(std::span<const std::int16_t> samples,
                              VoiceActivityDetector::Options options = {}) {
  VoiceActivityDetector detector(options);
  std::vector<Segment> found;
  int frame = 0;
  bool inside = false;
  for (std::size_t at = 0; at + telephone_frame_samples <= samples.size();
       at += telephone_frame_samples, ++frame) {
    auto activity = detector.process(samples.subspan(at, telephone_frame_samples));
    EXPECT_EQ(activity.started, activity.speech && !inside);
    EXPECT_EQ(activity.ended, !activity.speech && inside);
    if (activity.started) found.push_back({frame, frame});
    if (activity.speech) found.back().end = frame;
    inside = activity.speech;
  }
  return found;
}

Samples with_silence_around(const Samples& voice, std::size_t samples) {
  Samples result(samples, 0);
  result.insert(result.end(), voice.begin(), voice.end());
  result.resize(result.size() + samples, 0);
  return result;
}

double sine(double hz, std::size_t i) {
  return std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / telephone_rate_hz);
}

class HumanVoiceActivity : public testing::TestWithParam<std::tuple<const char*, double>> {};

TEST_P(HumanVoiceActivity, OneSentenceIsNotCutByTheEndOfTurnPause) {
  const auto [name, snr_db] = GetParam();
  auto voice = testkit::human_voice(name);
  auto line = testkit::over_the_telephone(
      voice.samples, telephone_rate_hz, {.snr_db = snr_db, .seed = 3, .lead = 1s, .tail = 1500ms});
  auto found = segments(line);
  ASSERT_FALSE(found.empty());
  const int voice_start = 50;
  const int voice_end = static_cast<int>(line.size() / telephone_frame_samples) - 75;
  EXPECT_LT(found.front().start, voice_start + 25) << "speech is noticed within half a second";
  EXPECT_GE(found.front().start, voice_start - 5) << "the noise before it is not speech";
  EXPECT_GT(found.back().end, voice_end - 25);
  EXPECT_LT(found.back().end, voice_end + 20) << "the noise after it is not speech";
  // 600 ms is the shortest pause that ends a turn.
  for (std::size_t i = 1; i < found.size(); ++i)
    EXPECT_LT((found[i].start - found[i - 1].end) * 20, 600)
        << "a pause inside the sentence at " << found[i - 1].end * 20 << " ms";
}

INSTANTIATE_TEST_SUITE_P(Lines, HumanVoiceActivity,
                         testing::Combine(testing::Values("human_0870", "human_0880", "human_0890"),
                                          testing::Values(40.0, 20.0, 10.0)));

TEST(VoiceActivity, HearsSpeechOutOfDigitalSilence) {
  auto voice = testkit::human_voice("human_0880");
  auto found = segments(with_silence_around(voice.samples, 8000));
  ASSERT_FALSE(found.empty());
  EXPECT_GE(found.front().start, 49);
  EXPECT_LT(found.front().start, 50 + 25);
}

TEST(VoiceActivity, StartIsNoticedWithinAFewFramesOfAVowel) {
  // A buzz at 150 Hz with its harmonics, shaped like a vowel.
  Samples samples(16000, 0);
  for (std::size_t i = 8000; i < 16000; ++i) {
    double value = 0.0;
    for (int harmonic = 2; harmonic <= 20; ++harmonic) {
      const double hz = 150.0 * harmonic;
      const double formant = std::exp(-std::pow((hz - 700.0) / 300.0, 2.0)) +
                             0.5 * std::exp(-std::pow((hz - 1200.0) / 300.0, 2.0));
      value += formant * sine(hz, i);
    }
    samples[i] = static_cast<std::int16_t>(4000.0 * value);
  }
  auto found = segments(samples);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_GE(found[0].start, 53);
  EXPECT_LE(found[0].start, 57);
}

TEST(VoiceActivity, SilenceIsNotSpeech) { EXPECT_TRUE(segments(Samples(80000, 0)).empty()); }

TEST(VoiceActivity, DigitalSilenceMakesNoDenormalNumbers) {
  // Counted by what the processor notes, not by a clock: denormal arithmetic underflows.
  for (auto level : std::vector<std::int16_t>{0, 8, -1000}) {
    VoiceActivityDetector detector;
    Samples loud(telephone_frame_samples, 0);
    for (std::size_t i = 0; i < loud.size(); ++i) loud[i] = i % 8 < 4 ? 8000 : -8000;
    detector.process(loud);
    Samples still(telephone_frame_samples, level);
    std::feclearexcept(FE_ALL_EXCEPT);
    for (int i = 0; i < 500; ++i) detector.process(still);
    EXPECT_FALSE(std::fetestexcept(FE_UNDERFLOW)) << level;
  }
}

TEST(VoiceActivity, SteadyNoiseIsNotSpeech) {
  for (auto kind : {testkit::Noise::white, testkit::Noise::room}) {
    for (double level : {-50.0, -40.0, -30.0}) {
      // Noise alone: a voice of nothing, with noise as loud as the level says.
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        auto line = testkit::over_the_telephone(
            Samples(80000, 0), telephone_rate_hz,
            {.snr_db = 0.0, .seed = seed, .noise = kind, .level_dbfs = level});
        EXPECT_TRUE(segments(line).empty()) << level << " seed " << seed;
      }
    }
  }
}

TEST(VoiceActivity, LineHumIsNotSpeech) {
  Samples samples(80000);
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = static_cast<std::int16_t>(3000.0 * sine(60.0, i) + 1500.0 * sine(120.0, i) +
                                           800.0 * sine(180.0, i));
  EXPECT_TRUE(segments(samples).empty());
}

TEST(VoiceActivity, AClickIsNotSpeech) {
  Samples samples(24000, 0);
  for (std::size_t i = 12000; i < 12080; ++i)
    samples[i] = static_cast<std::int16_t>(i % 2 == 0 ? 20000 : -20000);
  EXPECT_TRUE(segments(samples).empty());
}

TEST(VoiceActivity, ResetForgetsTheCall) {
  VoiceActivityDetector detector;
  auto voice = testkit::human_voice("human_0880");
  auto frames = std::span<const std::int16_t>(voice.samples);
  bool spoke = false;
  for (std::size_t at = 0; at + 160 <= frames.size() && !spoke; at += 160)
    spoke = detector.process(frames.subspan(at, 160)).speech;
  ASSERT_TRUE(spoke);
  detector.reset();
  EXPECT_FALSE(detector.process(Samples(160, 0)).speech);
}

TEST(VoiceActivity, AFrameOfTheWrongSizeIsNotVoiced) {
  VoiceActivityDetector detector;
  EXPECT_FALSE(detector.process(Samples(80, 1000)).voiced);
  EXPECT_FALSE(detector.process({}).voiced);
}

}  // namespace
}  // namespace parley::audio
