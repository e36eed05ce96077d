#include "parley/audio/telephone_line.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

#include "parley/audio/g711.hpp"
#include "parley/audio/resampler.hpp"

namespace parley::audio {

namespace {

using Wave = std::vector<double>;

/// One second-order section (the cookbook formulas).
class Biquad {
 public:
  static Biquad low_pass(double hz, double rate, double q) { return {hz, rate, q, 1.0}; }
  static Biquad high_pass(double hz, double rate, double q) { return {hz, rate, q, -1.0}; }

  void run(Wave& wave) {
    double x1 = 0, x2 = 0, y1 = 0, y2 = 0;
    for (auto& sample : wave) {
      const double y = b0_ * sample + b1_ * x1 + b0_ * x2 - a1_ * y1 - a2_ * y2;
      x2 = x1;
      x1 = sample;
      y2 = y1;
      y1 = y;
      sample = y;
    }
  }

 private:
  Biquad(double hz, double rate, double q, double side) {
    const double omega = 2.0 * std::numbers::pi * hz / rate;
    const double alpha = std::sin(omega) / (2.0 * q);
    const double cosine = std::cos(omega);
    const double a0 = 1.0 + alpha;
    b0_ = (1.0 - side * cosine) / 2.0 / a0;
    b1_ = side * 2.0 * b0_;
    a1_ = -2.0 * cosine / a0;
    a2_ = (1.0 - alpha) / a0;
  }
  double b0_, b1_, a1_, a2_;
};

void band_pass(Wave& wave, double rate) {
  // The two sections of a fourth-order Butterworth filter.
  for (double q : {0.5412, 1.3066}) {
    Biquad::high_pass(300.0, rate, q).run(wave);
    if (3400.0 < 0.48 * rate) Biquad::low_pass(3400.0, rate, q).run(wave);
  }
}

Wave to_wave(std::span<const std::int16_t> samples) { return {samples.begin(), samples.end()}; }

Samples to_samples(const Wave& wave) {
  Samples samples(wave.size());
  std::ranges::transform(wave, samples.begin(), [](double value) {
    return static_cast<std::int16_t>(std::lround(std::clamp(value, -32768.0, 32767.0)));
  });
  return samples;
}

double rms(std::span<const double> wave) {
  double sum = 0.0;
  for (double value : wave) sum += value * value;
  return wave.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(wave.size()));
}

/// RMS over the 20 ms pieces that are within 20 dB of the loudest.
double loud_rms(std::span<const double> wave, int rate_hz) {
  const auto step = static_cast<std::size_t>(rate_hz / 50);
  std::vector<double> pieces;
  for (std::size_t i = 0; i + step <= wave.size(); i += step)
    pieces.push_back(rms(wave.subspan(i, step)));
  if (pieces.empty()) return rms(wave);
  const double loudest = *std::ranges::max_element(pieces);
  double sum = 0.0;
  int count = 0;
  for (double piece : pieces)
    if (piece >= 0.1 * loudest) {
      sum += piece * piece;
      ++count;
    }
  return std::sqrt(sum / std::max(1, count));
}

Wave make_noise(std::size_t length, std::uint64_t seed, Noise kind) {
  std::mt19937_64 generator(seed);
  // Twelve uniform numbers make a normal one, the same on every library.
  auto normal = [&generator] {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(generator() >> 11U) * 0x1.0p-53;
    return sum;
  };
  Wave noise(length);
  double slow = 0, middle = 0, fast = 0;
  double loudness = 1.0, target = 1.0;
  for (std::size_t i = 0; i < length; ++i) {
    const double white = normal();
    if (kind == Noise::white) {
      noise[i] = white;
      continue;
    }
    // Three leaky sums approximate noise that falls by 3 dB an octave.
    slow = 0.99765 * slow + white * 0.0990460;
    middle = 0.96300 * middle + white * 0.2965164;
    fast = 0.57000 * fast + white * 1.0526913;
    noise[i] = slow + middle + fast + white * 0.1848;
    if (kind == Noise::babble) {
      if (i % 800 == 0) target = 0.4 + 1.2 * static_cast<double>(generator() % 1000) / 1000.0;
      loudness += 0.005 * (target - loudness);
      noise[i] *= loudness;
    }
  }
  return noise;
}

void mix_noise(Wave& wave, double voice_rms, double snr_db, std::uint64_t seed, Noise kind,
               double band_rate) {
  auto noise = make_noise(wave.size(), seed, kind);
  if (band_rate > 0) band_pass(noise, band_rate);
  const double level = rms(noise);
  const double gain = level > 0 ? voice_rms * std::pow(10.0, -snr_db / 20.0) / level : 0.0;
  for (std::size_t i = 0; i < wave.size(); ++i) wave[i] += gain * noise[i];
}

}  // namespace

Samples telephone_band(std::span<const std::int16_t> samples, int rate_hz) {
  auto wave = to_wave(samples);
  band_pass(wave, rate_hz);
  return to_samples(wave);
}

Samples add_noise(std::span<const std::int16_t> samples, double snr_db, std::uint64_t seed,
                  Noise kind) {
  auto wave = to_wave(samples);
  const double voice = loud_rms(wave, telephone_rate_hz);
  mix_noise(wave, voice, snr_db, seed, kind, 0.0);
  return to_samples(wave);
}

double speech_level_dbfs(std::span<const std::int16_t> samples, int rate_hz) {
  return 20.0 * std::log10(loud_rms(to_wave(samples), rate_hz) / 32768.0 + 1e-9);
}

Samples over_the_telephone(std::span<const std::int16_t> voice, int rate_hz,
                           TelephoneLine options) {
  constexpr int line_rate = telephone_rate_hz;
  auto converted = resample(voice, rate_hz, line_rate);
  if (!converted) throw std::invalid_argument(converted.error().detail);
  auto wave = to_wave(*converted);
  band_pass(wave, line_rate);
  const double level = loud_rms(wave, line_rate);
  const double wanted = 32768.0 * std::pow(10.0, options.level_dbfs / 20.0);
  for (auto& sample : wave) sample *= level > 0 ? wanted / level : 0.0;
  auto count = [](Duration d) { return static_cast<std::size_t>(d / 1us) * line_rate / 1'000'000; };
  wave.insert(wave.begin(), count(options.lead), 0.0);
  wave.resize(wave.size() + count(options.tail), 0.0);
  mix_noise(wave, wanted, options.snr_db, options.seed, options.noise, line_rate);
  return mulaw_decode(mulaw_encode(to_samples(wave)));
}

}  // namespace parley::audio
