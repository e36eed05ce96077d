#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "telephone_features.hpp"

namespace parley::providers::pocketsphinx {

namespace {

// The frame times of the acoustic model: a window of 25.6 ms each 10 ms.
constexpr std::size_t fft_size = 256;
constexpr std::size_t window_samples = 205;
constexpr std::size_t hop_samples = 80;
constexpr double lowest_hz = 200.0;
constexpr double highest_hz = 3600.0;
/// Keeps digital silence from becoming minus infinity.
constexpr float energy_floor = 200.0F;

struct Tables {
  std::array<float, window_samples> window;
  std::array<std::array<float, fft_size / 2 + 1>, mel_bands> filters;
  std::array<std::complex<float>, fft_size / 2> twiddles;

  Tables() {
    using std::numbers::pi;
    for (std::size_t i = 0; i < window_samples; ++i)
      window[i] = static_cast<float>(
          0.54 - 0.46 * std::cos(2.0 * pi * static_cast<double>(i) / (window_samples - 1)));
    for (std::size_t i = 0; i < twiddles.size(); ++i) {
      const double angle = -2.0 * pi * static_cast<double>(i) / fft_size;
      twiddles[i] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
    }
    for (int band = 0; band < mel_bands; ++band) make_filter(band);
  }

  void make_filter(int band) {
    auto edge = [](int step) {
      const double low = 2595.0 * std::log10(1.0 + lowest_hz / 700.0);
      const double high = 2595.0 * std::log10(1.0 + highest_hz / 700.0);
      return 700.0 * (std::pow(10.0, (low + (high - low) * step / (mel_bands + 1)) / 2595.0) - 1.0);
    };
    const double left = edge(band), centre = edge(band + 1), right = edge(band + 2);
    auto& filter = filters[static_cast<std::size_t>(band)];
    double sum = 0.0;
    for (std::size_t bin = 0; bin < filter.size(); ++bin) {
      const double hz = static_cast<double>(bin) * audio::telephone_rate_hz / fft_size;
      const double rise = (hz - left) / (centre - left);
      const double fall = (right - hz) / (right - centre);
      const double weight = std::max(0.0, std::min(rise, fall));
      filter[bin] = static_cast<float>(weight);
      sum += weight;
    }
    for (auto& weight : filter) weight = static_cast<float>(weight / sum);
  }
};

const Tables& tables() {
  static const Tables made;
  return made;
}

/// In place, radix two.
void transform(std::array<std::complex<float>, fft_size>& data) {
  for (std::size_t i = 1, j = 0; i < fft_size; ++i) {
    std::size_t bit = fft_size >> 1U;
    for (; (j & bit) != 0; bit >>= 1U) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(data[i], data[j]);
  }
  for (std::size_t length = 2; length <= fft_size; length <<= 1U)
    for (std::size_t start = 0; start < fft_size; start += length)
      for (std::size_t k = 0; k < length / 2; ++k) {
        auto& low = data[start + k];
        auto& high = data[start + k + length / 2];
        const auto turned = high * tables().twiddles[k * (fft_size / length)];
        high = low - turned;
        low += turned;
      }
}

}  // namespace

MelAnalyzer::MelAnalyzer() = default;

MelFrame MelAnalyzer::analyze(std::span<const float> window, float before) const {
  std::array<std::complex<float>, fft_size> data{};
  for (std::size_t i = 0; i < window_samples; ++i) {
    data[i] = (window[i] - 0.97F * before) * tables().window[i];
    before = window[i];
  }
  transform(data);
  MelFrame frame;
  for (std::size_t band = 0; band < frame.size(); ++band) {
    float energy = 0.0F;
    const auto& filter = tables().filters[band];
    for (std::size_t bin = 0; bin < filter.size(); ++bin)
      if (filter[bin] > 0.0F) energy += filter[bin] * std::norm(data[bin]);
    frame[band] = std::log(energy + energy_floor);
  }
  return frame;
}

void MelAnalyzer::push(std::span<const std::int16_t> samples_8k) {
  pending_.insert(pending_.end(), samples_8k.begin(), samples_8k.end());
  std::size_t at = 0;
  while (pending_.size() - at >= window_samples) {
    ready_.push_back(analyze(std::span(pending_).subspan(at, window_samples), before_));
    before_ = pending_[at + hop_samples - 1];
    at += hop_samples;
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(at));
}

std::vector<MelFrame> MelAnalyzer::take() { return std::exchange(ready_, {}); }

}  // namespace parley::providers::pocketsphinx
