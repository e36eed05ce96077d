#include "parley/audio/g711.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cmath>
#include <numbers>

#include "parley/base/strings.hpp"

namespace parley::audio {
namespace {

std::string sha256(std::span<const std::uint8_t> bytes) {
  std::array<std::byte, 32> digest{};
  EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_sha256(), nullptr);
  return to_hex(digest);
}

struct Vector {
  int linear;
  unsigned mulaw;
  unsigned alaw;
};
constexpr Vector published[] = {
    {0, 0xFF, 0xD5},     {-1, 0x7F, 0x55},     {4, 0xFE, 0xD5},     {-4, 0x7E, 0x55},
    {8, 0xFE, 0xD5},     {-8, 0x7E, 0x55},     {16, 0xFD, 0xD4},    {-16, 0x7D, 0x55},
    {100, 0xF2, 0xD3},   {-100, 0x72, 0x53},   {128, 0xEF, 0xDD},   {1000, 0xCE, 0xFA},
    {-1000, 0x4E, 0x7A}, {1024, 0xCD, 0xE5},   {4096, 0xAF, 0x85},  {-4096, 0x2F, 0x1A},
    {10000, 0x9C, 0xB6}, {-10000, 0x1C, 0x36}, {16384, 0x8F, 0xA5}, {-16384, 0x0F, 0x3A},
    {32767, 0x80, 0xAA}, {-32768, 0x00, 0x2A}};

TEST(G711, EncodesThePublishedVectors) {
  for (const auto& vector : published) {
    EXPECT_EQ(mulaw_encode(static_cast<std::int16_t>(vector.linear)), vector.mulaw)
        << vector.linear;
    EXPECT_EQ(alaw_encode(static_cast<std::int16_t>(vector.linear)), vector.alaw) << vector.linear;
  }
}

TEST(G711, DecodesThePublishedVectors) {
  const std::pair<unsigned, int> mulaw[] = {
      {0x00, -32124}, {0x0F, -16764}, {0x10, -15996}, {0x7E, -8},  {0x7F, 0}, {0x80, 32124},
      {0x8F, 16764},  {0xAA, 5372},   {0xD5, 716},    {0xF0, 120}, {0xFE, 8}, {0xFF, 0}};
  for (auto [code, value] : mulaw)
    EXPECT_EQ(mulaw_decode(static_cast<std::uint8_t>(code)), value) << code;
  const std::pair<unsigned, int> alaw[] = {
      {0x00, -5504}, {0x2A, -32256}, {0x2B, -31232}, {0x54, -24}, {0x55, -8}, {0x7F, -848},
      {0x80, 5504},  {0xAA, 32256},  {0xAB, 31232},  {0xD4, 24},  {0xD5, 8},  {0xFF, 848}};
  for (auto [code, value] : alaw)
    EXPECT_EQ(alaw_decode(static_cast<std::uint8_t>(code)), value) << code;
}

TEST(G711, WholeTablesHaveThePublishedDigests) {
  std::vector<std::uint8_t> codes(256);
  for (unsigned i = 0; i < 256; ++i) codes[i] = static_cast<std::uint8_t>(i);
  auto little_endian = [](const Samples& samples) {
    std::vector<std::uint8_t> bytes;
    for (auto sample : samples) {
      const auto bits = static_cast<std::uint16_t>(sample);
      bytes.push_back(static_cast<std::uint8_t>(bits & 0xFFU));
      bytes.push_back(static_cast<std::uint8_t>(bits >> 8U));
    }
    return bytes;
  };
  EXPECT_EQ(sha256(little_endian(mulaw_decode(codes))),
            "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827");
  EXPECT_EQ(sha256(little_endian(alaw_decode(codes))),
            "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174");

  Samples every;
  for (int value = -32768; value <= 32767; ++value)
    every.push_back(static_cast<std::int16_t>(value));
  EXPECT_EQ(sha256(mulaw_encode(every)),
            "5ee7cf5f273f842d2234121e4cb0c98d6b20a99ac29026f94e05b36955b195be");
  EXPECT_EQ(sha256(alaw_encode(every)),
            "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b");
}

TEST(G711, DecodingAndEncodingGivesTheSameCodeAgain) {
  for (unsigned i = 0; i < 256; ++i) {
    const auto code = static_cast<std::uint8_t>(i);
    EXPECT_EQ(alaw_encode(alaw_decode(code)), code);
    // Negative zero is the one code that has no value of its own.
    EXPECT_EQ(mulaw_encode(mulaw_decode(code)), code == 0x7F ? 0xFF : code);
  }
}

TEST(G711, SilenceDecodesToQuiet) {
  EXPECT_EQ(mulaw_decode(mulaw_silence), 0);
  EXPECT_EQ(alaw_decode(alaw_silence), 8);
}

TEST(G711, ToneOfOneKilohertz) {
  const Samples tone{0, 5657, 8000, 5657, 0, -5657, -8000, -5657};
  EXPECT_EQ(mulaw_encode(tone),
            (std::vector<std::uint8_t>{0xff, 0xa9, 0xa0, 0xa9, 0xff, 0x29, 0x20, 0x29}));
  EXPECT_EQ(alaw_encode(tone),
            (std::vector<std::uint8_t>{0xd5, 0x83, 0x8a, 0x83, 0xd5, 0x03, 0x0a, 0x03}));
}

}  // namespace
}  // namespace parley::audio
