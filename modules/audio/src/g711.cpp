#include "parley/audio/g711.hpp"

#include <array>
#include <bit>
#include <cassert>

namespace parley::audio {

namespace {

constexpr std::int16_t decode_mulaw_code(std::uint8_t code) {
  const unsigned inverted = static_cast<std::uint8_t>(~code);
  const int magnitude =
      static_cast<int>((((inverted & 0x0FU) << 3U) + 0x84U) << ((inverted >> 4U) & 7U)) - 0x84;
  return static_cast<std::int16_t>((inverted & 0x80U) != 0 ? -magnitude : magnitude);
}

constexpr std::int16_t decode_alaw_code(std::uint8_t code) {
  const unsigned plain = code ^ 0x55U;
  const unsigned segment = (plain >> 4U) & 7U;
  unsigned magnitude = (plain & 0x0FU) << 4U;
  magnitude += segment == 0 ? 8U : 0x108U;
  if (segment > 1) magnitude <<= segment - 1;
  const int value = static_cast<int>(magnitude);
  return static_cast<std::int16_t>((plain & 0x80U) != 0 ? value : -value);
}

template <class Decode>
constexpr std::array<std::int16_t, 256> make_table(Decode decode) {
  std::array<std::int16_t, 256> table{};
  for (unsigned code = 0; code < 256; ++code) table[code] = decode(static_cast<std::uint8_t>(code));
  return table;
}

constexpr auto mulaw_table = make_table(decode_mulaw_code);
constexpr auto alaw_table = make_table(decode_alaw_code);

}  // namespace

std::int16_t mulaw_decode(std::uint8_t code) noexcept { return mulaw_table[code]; }
std::int16_t alaw_decode(std::uint8_t code) noexcept { return alaw_table[code]; }

std::uint8_t mulaw_encode(std::int16_t sample) noexcept {
  constexpr int bias = 132;
  constexpr int clip = 32635;
  int magnitude = sample < 0 ? -static_cast<int>(sample) : sample;
  magnitude = (magnitude < clip ? magnitude : clip) + bias;
  const unsigned biased = static_cast<unsigned>(magnitude);
  // The segment is the place of the highest bit, which lies between bit 7 and bit 14.
  const unsigned segment = static_cast<unsigned>(std::bit_width(biased)) - 8U;
  const unsigned mantissa = (biased >> (segment + 3U)) & 0x0FU;
  const unsigned sign = sample < 0 ? 0x80U : 0U;
  return static_cast<std::uint8_t>(~(sign | segment << 4U | mantissa));
}

std::uint8_t alaw_encode(std::int16_t sample) noexcept {
  // The negative half is the ones' complement, so that -1 mirrors 0.
  const int folded = sample < 0 ? -static_cast<int>(sample) - 1 : sample;
  const unsigned mask = sample < 0 ? 0x55U : 0xD5U;
  const unsigned level = static_cast<unsigned>(folded) >> 3U;
  const unsigned width = static_cast<unsigned>(std::bit_width(level));
  const unsigned segment = width <= 5U ? 0U : width - 5U;
  const unsigned mantissa = (segment < 2 ? level >> 1U : level >> segment) & 0x0FU;
  return static_cast<std::uint8_t>((segment << 4U | mantissa) ^ mask);
}

void mulaw_decode(std::span<const std::uint8_t> codes, std::span<std::int16_t> out) noexcept {
  assert(codes.size() == out.size());
  for (std::size_t i = 0; i < codes.size(); ++i) out[i] = mulaw_table[codes[i]];
}

void mulaw_encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) noexcept {
  assert(samples.size() == out.size());
  for (std::size_t i = 0; i < samples.size(); ++i) out[i] = mulaw_encode(samples[i]);
}

Samples mulaw_decode(std::span<const std::uint8_t> codes) {
  Samples samples(codes.size());
  mulaw_decode(codes, samples);
  return samples;
}

std::vector<std::uint8_t> mulaw_encode(std::span<const std::int16_t> samples) {
  std::vector<std::uint8_t> codes(samples.size());
  mulaw_encode(samples, codes);
  return codes;
}

Samples alaw_decode(std::span<const std::uint8_t> codes) {
  Samples samples(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) samples[i] = alaw_table[codes[i]];
  return samples;
}

std::vector<std::uint8_t> alaw_encode(std::span<const std::int16_t> samples) {
  std::vector<std::uint8_t> codes(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) codes[i] = alaw_encode(samples[i]);
  return codes;
}

}  // namespace parley::audio
