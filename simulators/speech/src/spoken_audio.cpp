#include "parley/simulators/spoken_audio.hpp"

#include <cmath>
#include <numbers>

#include "parley/audio/g711.hpp"
#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr auto letter = std::chrono::milliseconds(65);
constexpr auto gap = std::chrono::milliseconds(60);
constexpr double loudness = 7000;
constexpr std::size_t piece_bytes = 1601;

std::size_t samples_in(Duration length, int rate_hz, double speed) {
  return static_cast<std::size_t>(std::chrono::duration<double>(length).count() * rate_hz / speed);
}

}  // namespace

audio::Samples tone_speech(std::string_view text, int rate_hz, double speed) {
  audio::Samples all;
  for (auto& word : split(text, ' ')) {
    if (word.empty()) continue;
    double pitch = 160 + 12.0 * static_cast<double>(static_cast<unsigned char>(word[0]) % 20);
    auto count = samples_in(letter * static_cast<int>(word.size()), rate_hz, speed);
    for (std::size_t i = 0; i < count; ++i) {
      auto along = static_cast<double>(i) / static_cast<double>(count);
      auto swell = std::sin(std::numbers::pi * along);
      auto turn = 2 * std::numbers::pi * pitch * static_cast<double>(i) / rate_hz;
      auto value = loudness * swell * (std::sin(turn) + 0.5 * std::sin(2 * turn));
      all.push_back(static_cast<std::int16_t>(value));
    }
    all.resize(all.size() + samples_in(gap, rate_hz, speed));
  }
  return all;
}

std::string encode_sound(const audio::Samples& samples, SoundCoding coding) {
  if (coding != SoundCoding::pcm) {
    auto codes =
        coding == SoundCoding::mulaw ? audio::mulaw_encode(samples) : audio::alaw_encode(samples);
    return {codes.begin(), codes.end()};
  }
  std::string bytes;
  bytes.reserve(samples.size() * 2);
  for (auto sample : samples) {
    bytes.push_back(static_cast<char>(sample & 0xFF));
    bytes.push_back(static_cast<char>((sample >> 8) & 0xFF));
  }
  return bytes;
}

audio::Samples decode_sound(std::string_view bytes, SoundCoding coding) {
  if (coding != SoundCoding::pcm) {
    std::span codes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    return coding == SoundCoding::mulaw ? audio::mulaw_decode(codes) : audio::alaw_decode(codes);
  }
  audio::Samples samples(bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    auto low = static_cast<std::uint8_t>(bytes[2 * i]);
    auto high = static_cast<std::uint8_t>(bytes[2 * i + 1]);
    samples[i] = static_cast<std::int16_t>(low | (high << 8));
  }
  return samples;
}

std::vector<std::string> pieces_of(std::string_view bytes) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes)
    pieces.emplace_back(bytes.substr(at, piece_bytes));
  return pieces;
}

net::HttpResponse stream_sound(Clock& clock, std::string bytes, std::string_view content_type,
                               Duration first_after) {
  struct Rest {
    std::string bytes;
    std::size_t given = 0;
  };
  net::HttpResponse answer;
  answer.headers.set("Content-Type", std::string(content_type));
  auto rest = std::make_shared<Rest>(Rest{std::move(bytes)});
  answer.stream = [rest, &clock, first_after]() -> Task<std::string> {
    if (rest->given == 0) co_await clock.sleep_for(first_after);
    auto piece = rest->bytes.substr(std::min(rest->given, rest->bytes.size()), piece_bytes);
    rest->given += piece.size();
    co_return piece;
  };
  return answer;
}

}  // namespace parley::simulators
