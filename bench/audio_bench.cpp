// What one 20 ms frame of one call costs before any engine: the codec, the voice activity detector
// and the resampler a synthesizer's 16 kHz voice needs. 50 of each a second is one direction of one
// call.
#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>

#include "parley/audio/g711.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/audio/voice_activity.hpp"

namespace parley::audio {
namespace {

/// Two seconds that alternate between a vowel-like sound and soft noise, so that the detector
/// passes through all of its states.
Samples caller_sound(int rate_hz) {
  Samples samples(static_cast<std::size_t>(rate_hz) * 2);
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double seconds = static_cast<double>(i) / rate_hz;
    bool talking = std::fmod(seconds, 0.8) < 0.5;
    double voice = 0;
    for (int harmonic = 1; talking && harmonic <= 12; ++harmonic)
      voice += 3000.0 / harmonic * std::sin(2 * std::numbers::pi * 120 * harmonic * seconds);
    noise = noise * 1664525U + 1013904223U;
    samples[i] = static_cast<std::int16_t>(voice + static_cast<double>(noise >> 25U) - 64);
  }
  return samples;
}

/// The frames of `sound` one after the other, over and over.
class Frames {
 public:
  Frames(const Samples& sound, std::size_t samples) : sound_(sound), samples_(samples) {}
  std::span<const std::int16_t> next() {
    auto frame = std::span(sound_).subspan(at_, samples_);
    at_ += samples_;
    if (at_ + samples_ > sound_.size()) at_ = 0;
    return frame;
  }

 private:
  const Samples& sound_;
  std::size_t samples_;
  std::size_t at_ = 0;
};

void frame_mulaw_encode(benchmark::State& state) {
  auto sound = caller_sound(telephone_rate_hz);
  Frames frames(sound, telephone_frame_samples);
  std::array<std::uint8_t, telephone_frame_samples> coded{};
  for (auto _ : state) {
    mulaw_encode(frames.next(), std::span(coded));
    benchmark::DoNotOptimize(coded);
  }
}
BENCHMARK(frame_mulaw_encode);

void frame_mulaw_decode(benchmark::State& state) {
  auto coded = mulaw_encode(caller_sound(telephone_rate_hz));
  std::array<std::int16_t, telephone_frame_samples> frame{};
  std::size_t at = 0;
  for (auto _ : state) {
    mulaw_decode(std::span(coded).subspan(at, telephone_frame_samples), std::span(frame));
    benchmark::DoNotOptimize(frame);
    at = (at + telephone_frame_samples) % coded.size();
  }
}
BENCHMARK(frame_mulaw_decode);

void frame_voice_activity(benchmark::State& state) {
  auto sound = caller_sound(telephone_rate_hz);
  Frames frames(sound, telephone_frame_samples);
  VoiceActivityDetector detector;
  for (auto _ : state) benchmark::DoNotOptimize(detector.process(frames.next()));
}
BENCHMARK(frame_voice_activity);

void frame_resample_16k_to_8k(benchmark::State& state) {
  auto sound = caller_sound(16000);
  Frames frames(sound, telephone_frame_samples * 2);
  auto resampler = Resampler::create(16000, telephone_rate_hz);
  if (!resampler) {
    state.SkipWithError(resampler.error().detail.c_str());
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(resampler->process(frames.next()));
}
BENCHMARK(frame_resample_16k_to_8k);

/// A muted caller: exact silence after a word.
void frame_voice_activity_muted(benchmark::State& state) {
  VoiceActivityDetector detector;
  Samples word(telephone_frame_samples, 0);
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = i % 8 < 4 ? 8000 : -8000;
  detector.process(word);
  const Samples still(telephone_frame_samples, 0);
  for (int i = 0; i < 500; ++i) detector.process(still);
  for (auto _ : state) benchmark::DoNotOptimize(detector.process(still));
}
BENCHMARK(frame_voice_activity_muted);

/// What the media path does with each frame a caller sends, engines left out.
void frame_from_caller(benchmark::State& state) {
  auto coded = mulaw_encode(caller_sound(telephone_rate_hz));
  std::array<std::int16_t, telephone_frame_samples> frame{};
  VoiceActivityDetector detector;
  std::size_t at = 0;
  for (auto _ : state) {
    mulaw_decode(std::span(coded).subspan(at, telephone_frame_samples), std::span(frame));
    benchmark::DoNotOptimize(detector.process(frame));
    at = (at + telephone_frame_samples) % coded.size();
  }
}
BENCHMARK(frame_from_caller);

}  // namespace
}  // namespace parley::audio
