#include "parley/audio/tones.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "parley/audio/g711.hpp"

namespace parley::audio {
namespace {

using namespace std::chrono_literals;

/// Power at a frequency relative to all there is: 1 for that tone alone.
double share_of(std::span<const std::int16_t> samples, double hz) {
  double re = 0, im = 0, all = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double angle = 2 * std::numbers::pi * hz * static_cast<double>(i) / 8000.0;
    re += samples[i] * std::cos(angle);
    im += samples[i] * std::sin(angle);
    all += static_cast<double>(samples[i]) * samples[i];
  }
  return 2 * (re * re + im * im) / (static_cast<double>(samples.size()) * all);
}

TEST(KeyTones, EachKeyIsItsTwoFrequenciesAlsoThroughMulaw) {
  for (char key : std::string_view("0123456789*#ABCD")) {
    auto samples = mulaw_decode(mulaw_encode(key_tones(std::string(1, key))));
    auto [low, high] = key_frequencies_hz(key);
    auto middle = std::span(samples).subspan(80, 800);
    EXPECT_GT(share_of(middle, low), 0.4) << key;
    EXPECT_GT(share_of(middle, high), 0.4) << key;
  }
}

TEST(KeyTones, KeysLastAndPauseAsTold) {
  EXPECT_EQ(key_tones("12").size(), 2u * 8 * 220);
  EXPECT_EQ(key_tones("1w2").size(), 2u * 8 * 220 + 8 * 500);
  EXPECT_EQ(key_tones("1x2").size(), 2u * 8 * 220) << "an unknown key makes no sound";
  EXPECT_TRUE(key_tones("").empty());
  auto quick = key_tones("5", {.on = 50ms, .off = 50ms});
  EXPECT_EQ(quick.size(), 800u);
}

TEST(HoldMusic, IsQuietNeverSilentForLongAndNeverClips) {
  HoldMusic music;
  int silent_in_row = 0;
  double loudest = 0;
  double previous = 0;
  for (int frame = 0; frame < 50 * 30; ++frame) {
    auto samples = music.next(frame_length);
    ASSERT_EQ(samples.size(), telephone_frame_samples);
    double sum = 0;
    for (auto sample : samples) {
      sum += static_cast<double>(sample) * sample;
      loudest = std::max(loudest, std::abs(static_cast<double>(sample)));
      ASSERT_LT(std::abs(sample - previous), 4000.0) << "a click";
      previous = sample;
    }
    double rms = std::sqrt(sum / 160);
    silent_in_row = rms < 60 ? silent_in_row + 1 : 0;
    ASSERT_LT(silent_in_row, 10) << "silence sounds like a lost call";
  }
  EXPECT_LT(loudest, 12'000.0);
  EXPECT_GT(loudest, 1'000.0);
}

TEST(HoldMusic, ItsPiecesAreOneStreamWhateverTheirLength) {
  HoldMusic whole, pieces;
  auto all = whole.next(1s);
  Samples joined;
  for (int i = 0; i < 10; ++i) {
    auto piece = pieces.next(100ms);
    joined.insert(joined.end(), piece.begin(), piece.end());
  }
  EXPECT_EQ(all, joined);
}

}  // namespace
}  // namespace parley::audio
