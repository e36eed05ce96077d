#include "spoken_audio.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "parley/audio/g711.hpp"

namespace parley::voice {
namespace {

using telephony::Codec;

audio::Samples ramp(std::size_t first, std::size_t count) {
  audio::Samples samples(count);
  std::iota(samples.begin(), samples.end(), static_cast<std::int16_t>(first));
  return samples;
}

/// What a line of that codec makes of the samples [first, first + count) of a ramp.
audio::Samples through(Codec codec, std::size_t first, std::size_t count) {
  auto samples = ramp(first, count);
  for (auto& sample : samples) {
    if (codec == Codec::mulaw) sample = audio::mulaw_decode(audio::mulaw_encode(sample));
    if (codec == Codec::alaw) sample = audio::alaw_decode(audio::alaw_encode(sample));
  }
  return samples;
}

class SpokenAudioTest : public ::testing::TestWithParam<Codec> {};

INSTANTIATE_TEST_SUITE_P(Codecs, SpokenAudioTest,
                         ::testing::Values(Codec::mulaw, Codec::alaw, Codec::pcm16));

TEST_P(SpokenAudioTest, GivesBackWhatTheLineMakesOfItWhereverThePiecesAreCut) {
  SpokenAudio audio(GetParam());
  for (std::size_t at = 0, size = 1; at + size < 20'000; at += size, size = size * 3 % 1777 + 1) {
    audio.append(ramp(at, size));
    ASSERT_EQ(audio.end(), at + size);
  }
  audio::Samples got;
  for (std::size_t begin : {0ul, 1ul, 1999ul, 2000ul, 2001ul, 7777ul})
    for (std::size_t count : {0ul, 1ul, 160ul, 1600ul, 4000ul, 9000ul}) {
      audio.samples(begin, count, got);
      EXPECT_EQ(got, through(GetParam(), begin, count)) << begin << " " << count;
      std::vector<std::byte> codes;
      audio.codes(begin, count, codes);
      EXPECT_EQ(codes.size(), count * (GetParam() == Codec::pcm16 ? 2 : 1));
    }
}

TEST_P(SpokenAudioTest, WhatWasDroppedIsGoneAndTheRestStaysInPlace) {
  SpokenAudio audio(GetParam());
  std::size_t end = 0;
  audio::Samples got;
  for (int turn = 0; turn < 200; ++turn) {
    audio.append(ramp(end, 1600));
    end += 1600;
    if (end > 12'000) audio.drop_before(end - 12'000);
    EXPECT_EQ(audio.first(), end > 12'000 ? end - 12'000 : 0);
    audio.samples(audio.first(), audio.end() - audio.first(), got);
    ASSERT_EQ(got, through(GetParam(), audio.first(), audio.end() - audio.first()));
  }
  audio.drop_before(5);  // long gone
  EXPECT_EQ(audio.first(), end - 12'000);
  audio.drop_before(end + 1);
  EXPECT_EQ(audio.first(), end);
}

TEST_P(SpokenAudioTest, BeginsAnewAnywhere) {
  SpokenAudio audio(GetParam());
  audio.append(ramp(0, 5000));
  audio.restart_at(3210);
  EXPECT_EQ(audio.first(), 3210u);
  EXPECT_EQ(audio.end(), 3210u);
  audio.append(ramp(3210, 4000));
  audio::Samples got;
  audio.samples(3210, 4000, got);
  EXPECT_EQ(got, through(GetParam(), 3210, 4000));
}

}  // namespace
}  // namespace parley::voice
