#include "parley/audio/resampler.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace parley::audio {
namespace {

Samples tone(double hz, int rate_hz, std::size_t count) {
  Samples samples(count);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] = static_cast<std::int16_t>(std::lround(
        8000.0 * std::sin(2.0 * std::numbers::pi * hz * static_cast<double>(i) / rate_hz)));
  return samples;
}

double rms(std::span<const std::int16_t> samples) {
  double sum = 0.0;
  for (double value : samples) sum += value * value;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

struct Rates {
  int from;
  int to;
};
class ResamplerRates : public testing::TestWithParam<Rates> {};

TEST_P(ResamplerRates, PiecesGiveTheSameAsTheWhole) {
  const auto [from, to] = GetParam();
  const auto input = tone(440.0, from, static_cast<std::size_t>(from));
  auto whole = resample(input, from, to);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->size(), static_cast<std::size_t>(to));

  auto stream = Resampler::create(from, to);
  ASSERT_TRUE(stream);
  Samples pieces;
  const std::size_t sizes[] = {1, 160, 37, 0, 441, 320};
  for (std::size_t at = 0, turn = 0; at < input.size(); ++turn) {
    const auto size = std::min(sizes[turn % 6], input.size() - at);
    auto made = stream->process(std::span(input).subspan(at, size));
    pieces.insert(pieces.end(), made.begin(), made.end());
    at += size;
  }
  auto rest = stream->flush();
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  ASSERT_EQ(pieces.size(), whole->size());
  for (std::size_t i = 0; i < pieces.size(); ++i) ASSERT_NEAR(pieces[i], (*whole)[i], 2) << i;
}

TEST_P(ResamplerRates, KeepsAToneAndItsLevel) {
  const auto [from, to] = GetParam();
  auto made = resample(tone(1000.0, from, static_cast<std::size_t>(from)), from, to);
  ASSERT_TRUE(made);
  const auto expected = tone(1000.0, to, made->size());
  for (std::size_t i = made->size() / 4; i < made->size() * 3 / 4; ++i)
    ASSERT_NEAR((*made)[i], expected[i], 400) << i;
}

INSTANTIATE_TEST_SUITE_P(Audio, ResamplerRates,
                         testing::Values(Rates{8000, 16000}, Rates{16000, 8000}, Rates{22050, 8000},
                                         Rates{24000, 8000}, Rates{48000, 8000}, Rates{8000, 48000},
                                         Rates{44100, 16000}, Rates{8000, 8000}));

TEST(Resampler, RemovesWhatTheLowerRateCannotCarry) {
  const auto high = tone(6000.0, 16000, 16000);
  auto made = resample(high, 16000, 8000);
  ASSERT_TRUE(made);
  EXPECT_LT(rms(*made), 0.01 * rms(high));
}

TEST(Resampler, StartsANewStreamAfterFlush) {
  auto stream = Resampler::create(8000, 16000);
  ASSERT_TRUE(stream);
  const auto input = tone(440.0, 8000, 800);
  auto first = stream->process(input);
  auto first_rest = stream->flush();
  auto second = stream->process(input);
  auto second_rest = stream->flush();
  EXPECT_EQ(first, second);
  EXPECT_EQ(first_rest, second_rest);
  EXPECT_EQ(first.size() + first_rest.size(), 1600U);
}

TEST(Resampler, RefusesRatesThatMakeNoSense) {
  for (auto [from, to] : {Rates{0, 8000}, Rates{8000, 0}, Rates{-8000, 8000}, Rates{8000, 400000},
                          Rates{4000, 192000}}) {
    auto made = Resampler::create(from, to);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::invalid);
  }
}

}  // namespace
}  // namespace parley::audio
