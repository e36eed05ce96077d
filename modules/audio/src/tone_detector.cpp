#include "parley/audio/tone_detector.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace parley::audio {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t size = 512;
constexpr double bin_hz = static_cast<double>(telephone_rate_hz) / size;
constexpr std::size_t lowest_bin = 14;    // 220 Hz: below it is hum and the fundamental of voices
constexpr std::size_t highest_bin = 218;  // 3400 Hz
constexpr std::size_t around_peak = 3;    // bins a windowed tone spreads into, with a fax's tremolo

constexpr double least_purity = 0.80;
constexpr double quietest_dbfs = -45.0;
constexpr double same_tone_hz = 18.0;
constexpr Duration longest_gap = milliseconds(40);
constexpr Duration shortest_beep = milliseconds(120);
constexpr Duration longest_beep = milliseconds(2500);
constexpr Duration known_fax = milliseconds(500);
constexpr Duration known_ringing = milliseconds(900);
/// Tones that follow each other sooner are a melody, or the network's.
constexpr Duration next_tone_within = milliseconds(120);
constexpr Duration shortest_note = milliseconds(60);
constexpr double lowest_beep_hz = 350;
constexpr double highest_beep_hz = 2700;
constexpr double highest_ringing_hz = 500;

struct Tables {
  std::array<float, size> hann{};
  std::array<std::complex<float>, size / 2> roots{};
  std::array<std::uint16_t, size> reversed{};
  Tables() {
    for (std::size_t i = 0; i < size; ++i) {
      auto turn = 2.0 * std::numbers::pi * static_cast<double>(i) / size;
      hann[i] = static_cast<float>(0.5 - 0.5 * std::cos(turn));
      if (i < size / 2)
        roots[i] = {static_cast<float>(std::cos(turn)), static_cast<float>(-std::sin(turn))};
      std::size_t mirrored = 0;
      for (std::size_t bit = 1, of = i; bit < size; bit <<= 1, of >>= 1)
        mirrored = mirrored << 1 | (of & 1);
      reversed[i] = static_cast<std::uint16_t>(mirrored);
    }
  }
};
const Tables& tables() {
  static const Tables made;
  return made;
}

/// In place; `values` stand in bit-reversed order.
void transform(std::array<std::complex<float>, size>& values) {
  const auto& roots = tables().roots;
  for (std::size_t half = 1; half < size; half *= 2) {
    auto step = size / (2 * half);
    for (std::size_t block = 0; block < size; block += 2 * half)
      for (std::size_t i = 0; i < half; ++i) {
        auto odd = values[block + i + half] * roots[i * step];
        auto even = values[block + i];
        values[block + i] = even + odd;
        values[block + i + half] = even - odd;
      }
  }
}

bool is_near(double hz, double wanted, double by) { return std::abs(hz - wanted) <= by; }

}  // namespace

ToneDetector::ToneDetector() { (void)tables(); }

ToneDetector::Spectrum ToneDetector::look() const {
  std::array<std::complex<float>, size> values;
  const auto& known = tables();
  double energy = 0;
  for (std::size_t i = 0; i < size; ++i) {
    values[known.reversed[i]] = recent_[i] * known.hann[i];
    energy += static_cast<double>(recent_[i]) * recent_[i];
  }
  Spectrum found;
  found.level_dbfs = 10 * std::log10(energy / size + 1e-12);
  if (found.level_dbfs < quietest_dbfs) return found;
  transform(values);
  std::array<double, highest_bin + 5> power{};
  double all = 0;
  std::size_t peak = lowest_bin;
  for (std::size_t bin = lowest_bin - 4; bin < power.size(); ++bin)
    power[bin] = std::norm(values[bin]);
  for (std::size_t bin = lowest_bin; bin <= highest_bin; ++bin) {
    all += power[bin];
    if (power[bin] > power[peak]) peak = bin;
  }
  double tone = 0;
  for (auto bin = peak - around_peak; bin <= peak + around_peak; ++bin) tone += power[bin];
  found.purity = std::min(1.0, tone / std::max(all, 1e-9));
  // The logarithm of a Hann window's peak is nearly a parabola.
  auto left = std::log(power[peak - 1] + 1e-12);
  auto middle = std::log(power[peak] + 1e-12);
  auto right = std::log(power[peak + 1] + 1e-12);
  auto bend = left - 2 * middle + right;
  auto shift = bend < 0 ? 0.5 * (left - right) / bend : 0.0;
  found.hz = (static_cast<double>(peak) + shift) * bin_hz;
  return found;
}

std::optional<ToneDetector::Found> ToneDetector::process(std::span<const std::int16_t> frame) {
  auto count = std::min(frame.size(), window);
  std::ranges::copy(std::span(recent_).subspan(count), recent_.begin());
  for (std::size_t i = 0; i < count; ++i)
    recent_[window - count + i] = static_cast<float>(frame[i]) / 32768.0F;
  now_ += frame_length;
  auto spectrum = look();
  tonal_ = spectrum.purity >= least_purity;
  std::optional<Found> found;
  if (tonal_ && run_.active && is_near(spectrum.hz, run_.hz, same_tone_hz)) {
    run_.hz += 0.2 * (spectrum.hz - run_.hz);
    run_.last = now_;
  } else if (tonal_) {
    if (run_.active) found = close(run_);
    run_ = {.active = true, .hz = spectrum.hz, .began = now_ - frame_length, .last = now_};
    bool same = waiting_ && is_near(waiting_->hz, run_.hz, same_tone_hz) &&
                run_.began - previous_end_ <= next_tone_within;
    if (same) {
      // Noise had cut the tone in two.
      run_.began = std::exchange(waiting_, std::nullopt)->began;
      previous_end_ = before_previous_end_;
    }
  } else if (run_.active && now_ - run_.last > longest_gap) {
    found = close(run_);
    run_ = {};
  }
  if (!found) found = judge();
  return found;
}

/// A tone that is long enough to be known before it ends; a beep after which nothing came.
std::optional<ToneDetector::Found> ToneDetector::judge() {
  if (run_.active && !run_.told) {
    Found found{Kind::fax, run_.hz, run_.began, run_.length()};
    if (is_near(run_.hz, 2100, 30) && run_.length() >= known_fax) {
      run_.told = true;
      return found;
    }
    bool low = run_.hz < highest_ringing_hz && run_.length() >= known_ringing;
    if (low || run_.length() > longest_beep) {
      run_.told = true;
      found.kind = Kind::ringing;
      return found;
    }
  }
  bool next_may_come = run_.active && run_.began - previous_end_ <= next_tone_within;
  if (!waiting_ || next_may_come || now_ - previous_end_ <= next_tone_within) return std::nullopt;
  return std::exchange(waiting_, std::nullopt);
}

std::optional<ToneDetector::Found> ToneDetector::close(Run run) {
  if (run.length() < shortest_note) return std::nullopt;
  bool goes_on = run.began - previous_end_ <= next_tone_within;
  before_previous_end_ = std::exchange(previous_end_, run.last);
  if (!goes_on) rising_ = 0;
  // Neither of two tones that follow each other is a beep.
  if (goes_on) waiting_.reset();
  constexpr std::array wanted{950.0, 1400.0, 1777.0};
  bool rises = run.length() >= shortest_beep &&
               is_near(run.hz, wanted[static_cast<std::size_t>(rising_)], 60);
  rising_ = rises ? rising_ + 1 : 0;
  Found found{Kind::beep, run.hz, run.began, run.length()};
  if (rising_ == 3) {
    rising_ = 0;
    found.kind = Kind::network;
    return found;
  }
  bool beep_like = !goes_on && !run.told && run.length() >= shortest_beep &&
                   run.hz >= lowest_beep_hz && run.hz <= highest_beep_hz;
  if (!beep_like) return std::nullopt;
  if (is_near(run.hz, 1100, 38) && run.length() >= milliseconds(400) &&
      run.length() <= milliseconds(600)) {
    auto last = std::exchange(half_second_1100_, run.last);
    auto pause = last ? run.began - *last : Duration{};
    if (pause > milliseconds(2500) && pause < milliseconds(3500)) {
      found.kind = Kind::fax_call;
      return found;
    }
  }
  waiting_ = found;
  return std::nullopt;
}

}  // namespace parley::audio
