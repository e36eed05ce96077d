#include "parley/audio/tones.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace parley::audio {

namespace {

constexpr double full_scale = 32767.0;
constexpr double rate = telephone_rate_hz;
constexpr std::size_t edge_samples = 40;  // 5 ms: no clicks

std::size_t samples_in(Duration length) {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(0, length / std::chrono::microseconds(125)));
}

double wave(double hz, double seconds) { return std::sin(2.0 * std::numbers::pi * hz * seconds); }

// Broken chords of eight notes, one bar each: C, A minor, F, G.
constexpr std::array<std::array<double, 4>, 4> chords{{{261.63, 329.63, 392.00, 523.25},
                                                       {220.00, 261.63, 329.63, 440.00},
                                                       {174.61, 220.00, 261.63, 349.23},
                                                       {196.00, 246.94, 293.66, 392.00}}};
constexpr std::array<std::size_t, 8> pattern{0, 1, 2, 3, 2, 1, 2, 1};
constexpr std::size_t note_samples = 3200;  // 400 ms
constexpr double loudness = 0.09;           // about -21 dBFS

double note_at(std::size_t index, std::size_t into) {
  auto hz = chords[index / pattern.size() % chords.size()][pattern[index % pattern.size()]];
  auto seconds = static_cast<double>(into) / rate;
  auto attack = std::min(1.0, static_cast<double>(into) / 160.0);
  return attack * std::exp(-2.5 * seconds) *
         (wave(hz, seconds) + 0.3 * wave(2 * hz, seconds) + 0.1 * wave(3 * hz, seconds));
}

}  // namespace

std::array<double, 2> key_frequencies_hz(char key) noexcept {
  constexpr std::string_view keys = "123A456B789C*0#D";
  constexpr std::array rows{697.0, 770.0, 852.0, 941.0};
  constexpr std::array columns{1209.0, 1336.0, 1477.0, 1633.0};
  auto at = keys.find(key);
  if (at == std::string_view::npos) return {0.0, 0.0};
  return {rows[at / 4], columns[at % 4]};
}

Samples key_tones(std::string_view keys, KeyTiming timing) {
  constexpr double amplitude = 0.22;
  auto on = samples_in(timing.on);
  Samples samples;
  for (char key : keys) {
    auto [low, high] = key_frequencies_hz(key);
    if (low > 0) {
      for (std::size_t i = 0; i < on; ++i) {
        auto from_edge = std::min({i + 1, on - i, edge_samples});
        auto gain = amplitude * static_cast<double>(from_edge) / edge_samples;
        auto seconds = static_cast<double>(i) / rate;
        samples.push_back(static_cast<std::int16_t>(full_scale * gain *
                                                    (wave(low, seconds) + wave(high, seconds))));
      }
      samples.resize(samples.size() + samples_in(timing.off), 0);
    } else if (key == 'w') {
      samples.resize(samples.size() + samples_in(timing.wait), 0);
    }
  }
  return samples;
}

Samples HoldMusic::next(Duration length) {
  Samples samples(samples_in(length));
  for (auto& sample : samples) {
    auto index = at_ / note_samples;
    auto into = at_ % note_samples;
    auto value = note_at(index, into);
    // The last note rings on under this one.
    if (index > 0) value += note_at(index - 1, into + note_samples);
    sample = static_cast<std::int16_t>(full_scale * loudness * value);
    ++at_;
  }
  return samples;
}

}  // namespace parley::audio
