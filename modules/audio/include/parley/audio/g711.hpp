#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "parley/audio/frame.hpp"

namespace parley::audio {

/// G.711, the two telephone codings: one byte a sample at 8 kHz. Mu-law is North America and Japan
/// (RTP payload type 0), A-law the rest of the world (payload type 8). All functions are pure and
/// thread-safe.

inline constexpr std::uint8_t mulaw_silence = 0xFF;
inline constexpr std::uint8_t alaw_silence = 0xD5;

std::int16_t mulaw_decode(std::uint8_t code) noexcept;
std::uint8_t mulaw_encode(std::int16_t sample) noexcept;
std::int16_t alaw_decode(std::uint8_t code) noexcept;
std::uint8_t alaw_encode(std::int16_t sample) noexcept;

Samples mulaw_decode(std::span<const std::uint8_t> codes);
std::vector<std::uint8_t> mulaw_encode(std::span<const std::int16_t> samples);
Samples alaw_decode(std::span<const std::uint8_t> codes);
std::vector<std::uint8_t> alaw_encode(std::span<const std::int16_t> samples);

/// Into memory the caller owns; both spans have the same length. For the media path, which
/// allocates nothing.
void mulaw_decode(std::span<const std::uint8_t> codes, std::span<std::int16_t> out) noexcept;
void mulaw_encode(std::span<const std::int16_t> samples, std::span<std::uint8_t> out) noexcept;

}  // namespace parley::audio
