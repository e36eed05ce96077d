#include "parley/audio/tone_detector.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "parley/audio/g711.hpp"
#include "parley/audio/tones.hpp"

namespace parley::audio {
namespace {

using namespace std::chrono_literals;
using Kind = ToneDetector::Kind;

class Sound {
 public:
  Sound& tone(double hz, Duration length, double dbfs = -14, double other_hz = 0) {
    auto amplitude = 32767.0 * std::pow(10.0, dbfs / 20) * std::numbers::sqrt2;
    for (std::int64_t i = 0; i < length / 125us; ++i) {
      auto t = 2 * std::numbers::pi * static_cast<double>(i) / 8000.0;
      auto value = std::sin(hz * t);
      if (other_hz > 0) value = (value + std::sin(other_hz * t)) / std::numbers::sqrt2;
      samples_.push_back(static_cast<std::int16_t>(amplitude * value));
    }
    return *this;
  }
  Sound& silence(Duration length) {
    samples_.resize(samples_.size() + static_cast<std::size_t>(length / 125us), 0);
    return *this;
  }
  std::vector<ToneDetector::Found> found() {
    silence(500ms);
    // Line noise of about -50 dBFS under all of it.
    std::uint32_t state = 7;
    for (auto& sample : samples_) {
      state = state * 1664525 + 1013904223;
      sample = static_cast<std::int16_t>(sample + static_cast<int>(state >> 16) % 360 - 180);
    }
    samples_ = mulaw_decode(mulaw_encode(samples_));
    ToneDetector detector;
    std::vector<ToneDetector::Found> all;
    for (std::size_t at = 0; at + 160 <= samples_.size(); at += 160)
      if (auto tone = detector.process(std::span(samples_).subspan(at, 160))) all.push_back(*tone);
    return all;
  }

 private:
  Samples samples_;
};

TEST(ToneDetector, BeepsOfAllPitchesLengthsAndLevels) {
  for (double hz : {440.0, 500.0, 620.0, 850.0, 1000.0, 1209.0, 1400.0, 2000.0, 2500.0})
    for (auto length : {160ms, 300ms, 700ms})
      for (double dbfs : {-8.0, -20.0, -32.0}) {
        auto found = Sound().silence(300ms).tone(hz, length, dbfs).found();
        ASSERT_EQ(found.size(), 1u) << hz << " Hz, " << length.count() << " ms, " << dbfs;
        EXPECT_EQ(found[0].kind, Kind::beep);
        EXPECT_NEAR(found[0].hz, hz, 12);
        EXPECT_NEAR(std::chrono::duration<double>(found[0].length).count(),
                    std::chrono::duration<double>(length).count(), 0.08);
      }
}

TEST(ToneDetector, AFaxIsKnownWhileItSounds) {
  auto found = Sound().silence(300ms).tone(2100, 3s).found();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Kind::fax);
  EXPECT_LT(found[0].length, 700ms);
}

TEST(ToneDetector, OneToneAt1100IsABeepAndTwoThreeSecondsApartAreAFax) {
  auto found = Sound().tone(1100, 500ms).silence(3s).tone(1100, 500ms).found();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, Kind::beep);
  EXPECT_EQ(found[1].kind, Kind::fax_call);
}

TEST(ToneDetector, ThreeRisingTonesAreTheNetworks) {
  auto found = Sound().tone(950, 330ms).tone(1400, 330ms).tone(1777, 330ms).found();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, Kind::network);
  auto short_ones = Sound().tone(985, 276ms).tone(1370, 276ms).tone(1777, 380ms).found();
  ASSERT_EQ(short_ones.size(), 1u);
  EXPECT_EQ(short_ones[0].kind, Kind::network);
}

TEST(ToneDetector, RingingAndDialTonesAreNoBeeps) {
  for (auto& tone : Sound().tone(440, 2s, -17, 480).silence(4s).tone(440, 2s, -17, 480).found())
    EXPECT_NE(tone.kind, Kind::beep);
  for (auto& tone : Sound().tone(425, 5s).found()) EXPECT_EQ(tone.kind, Kind::ringing);
}

TEST(ToneDetector, KeysMusicAndSilenceAreNoBeeps) {
  Samples keys = key_tones("0123456789*#");
  HoldMusic music;
  auto melody = music.next(20s);
  for (auto* samples : {&keys, &melody}) {
    ToneDetector detector;
    int beeps = 0;
    for (std::size_t at = 0; at + 160 <= samples->size(); at += 160) {
      auto found = detector.process(std::span(*samples).subspan(at, 160));
      beeps += found && found->kind == Kind::beep ? 1 : 0;
    }
    EXPECT_EQ(beeps, 0) << (samples == &keys ? "keys" : "music");
  }
  EXPECT_TRUE(Sound().silence(3s).found().empty());
}

}  // namespace
}  // namespace parley::audio
