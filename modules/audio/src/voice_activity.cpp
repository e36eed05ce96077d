#include "parley/audio/voice_activity.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "webrtc_vad.hpp"

namespace parley::audio {

namespace {

constexpr double silence_dbfs = -96.0;
/// The noise floor is the minimum over this many blocks of this many frames: one second.
constexpr std::size_t floor_blocks = 5;
constexpr int block_frames = 10;

/// Where a voice on the telephone has its strength: it may drown in the noise of one band and still
/// stand out in another. The lowest lies above the hum of the mains.
struct Band {
  double low_hz;
  double high_hz;
};
constexpr std::array<Band, 4> bands{{{250, 700}, {700, 1300}, {1300, 2200}, {2200, 3400}}};

struct FreeVad {
  void operator()(WebRtcVadInst* handle) const noexcept { WebRtcVad_Free(handle); }
};

int frames_in(Duration duration) {
  return std::max(1, static_cast<int>(duration / Duration(frame_length)));
}

}  // namespace

namespace {

/// One number for each band: the compiler makes vector instructions of what is done to them.
using PerBand = float __attribute__((vector_size(sizeof(float) * bands.size())));

/// Two equal band-pass sections for each band (the cookbook's with a peak of 0 dB), all bands at
/// once: each sample waits for the one before it, and four such chains take no longer than one.
class BandFilters {
 public:
  BandFilters() {
    for (std::size_t i = 0; i < bands.size(); ++i) {
      const double centre = std::sqrt(bands[i].low_hz * bands[i].high_hz);
      const double omega = 2.0 * std::numbers::pi * centre / telephone_rate_hz;
      const double alpha = std::sin(omega) * (bands[i].high_hz - bands[i].low_hz) / (2.0 * centre);
      gain_[i] = static_cast<float>(alpha / (1.0 + alpha));
      a1_[i] = static_cast<float>(-2.0 * std::cos(omega) / (1.0 + alpha));
      a2_[i] = static_cast<float>((1.0 - alpha) / (1.0 + alpha));
    }
  }
  /// The energy of a frame in each band.
  std::array<double, bands.size()> energies(std::span<const std::int16_t> frame) {
    // In digital silence, which is what a muted caller sends, what rings on would become denormal,
    // and each sample forty times as dear: a hum of 2 kHz is added, 150 dB below the loudest.
    constexpr std::array<float, 4> hum{0.001F, 0.001F, -0.001F, -0.001F};
    PerBand energy{};
    for (std::size_t i = 0; i < frame.size(); ++i) {
      const float sample = static_cast<float>(frame[i]) + hum[i % hum.size()];
      const PerBand x = {sample, sample, sample, sample};
      PerBand once, passed;
      run(first_, x, once);
      run(second_, once, passed);
      energy += passed * passed;
    }
    std::array<double, bands.size()> result{};
    for (std::size_t i = 0; i < bands.size(); ++i) result[i] = energy[i];
    return result;
  }

 private:
  struct Section {
    PerBand x1{}, x2{}, y1{}, y2{};
  };
  void run(Section& s, const PerBand& x, PerBand& y) const {
    y = gain_ * (x - s.x2) - a1_ * s.y1 - a2_ * s.y2;
    s.x2 = s.x1;
    s.x1 = x;
    s.y2 = s.y1;
    s.y1 = y;
  }
  PerBand gain_{}, a1_{}, a2_{};
  Section first_, second_;
};

double to_dbfs(double energy, std::size_t samples) {
  const double mean = energy / static_cast<double>(samples);
  return std::max(silence_dbfs, 10.0 * std::log10(mean / (32768.0 * 32768.0) + 1e-12));
}

/// One band's level and the floor below it: the least of the last second.
class BandLevel {
 public:
  void follow(double level) {
    if (first_) {
      block_minimum_.fill(level);
      smoothed_ = level;
      first_ = false;
    }
    smoothed_ += 0.5 * (level - smoothed_);
    if (frames_in_block_ == block_frames) {
      frames_in_block_ = 0;
      block_ = (block_ + 1) % floor_blocks;
      block_minimum_[block_] = smoothed_;
    }
    ++frames_in_block_;
    block_minimum_[block_] = std::min(block_minimum_[block_], smoothed_);
  }
  double floor() const { return *std::ranges::min_element(block_minimum_); }
  double above_floor() const { return smoothed_ - floor(); }

 private:
  std::array<double, floor_blocks> block_minimum_{};
  std::size_t block_ = 0;
  int frames_in_block_ = 0;
  double smoothed_ = silence_dbfs;
  bool first_ = true;
};

}  // namespace

struct VoiceActivityDetector::State {
  std::unique_ptr<WebRtcVadInst, FreeVad> vad;
  BandFilters filters;
  std::array<BandLevel, bands.size()> levels;
  std::uint32_t recent = 0;  ///< one bit for each of the last 32 frames, newest lowest
  int quiet_frames = 0;
  bool speech = false;

  /// Gives the level of the whole band and how far the strongest band and all of them together
  /// stand out.
  struct Prominence {
    double level_dbfs;
    double strongest_db;
    double mean_db;
  };
  Prominence measure(std::span<const std::int16_t> frame) {
    double energy = 0.0, strongest = 0.0, sum = 0.0;
    const auto in_bands = filters.energies(frame);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      auto& level = levels[i];
      energy += in_bands[i];
      level.follow(to_dbfs(in_bands[i], frame.size()));
      strongest = std::max(strongest, level.above_floor());
      sum += level.above_floor();
    }
    return {to_dbfs(energy, frame.size()), strongest, sum / static_cast<double>(levels.size())};
  }
};

VoiceActivityDetector::VoiceActivityDetector(Options options)
    : options_(options), state_(std::make_unique<State>()) {
  state_->vad.reset(WebRtcVad_Create());
  reset();
}

VoiceActivityDetector::~VoiceActivityDetector() = default;
VoiceActivityDetector::VoiceActivityDetector(VoiceActivityDetector&&) noexcept = default;
VoiceActivityDetector& VoiceActivityDetector::operator=(VoiceActivityDetector&&) noexcept = default;

void VoiceActivityDetector::reset() {
  auto fresh = std::make_unique<State>();
  fresh->vad = std::move(state_->vad);
  WebRtcVad_Init(fresh->vad.get());
  WebRtcVad_set_mode(fresh->vad.get(), std::clamp(options_.aggressiveness, 0, 3));
  state_ = std::move(fresh);
}

VoiceActivityDetector::Activity VoiceActivityDetector::process(
    std::span<const std::int16_t> frame) {
  Activity activity;
  auto& state = *state_;
  if (frame.size() == telephone_frame_samples) {
    const auto prominence = state.measure(frame);
    activity.level_dbfs = prominence.level_dbfs;
    const bool silent = prominence.level_dbfs <= options_.quietest_dbfs;
    const bool stands_out = prominence.strongest_db > options_.band_margin_db ||
                            prominence.mean_db > options_.mean_margin_db;
    // The detector learns what noise is from every frame, so it sees them all but silence, which
    // would teach it nothing and costs as much.
    activity.voiced =
        !silent &&
        WebRtcVad_Process(state.vad.get(), telephone_rate_hz, frame.data(), frame.size()) == 1 &&
        stands_out;
  }
  state.recent = state.recent << 1U | (activity.voiced ? 1U : 0U);
  state.quiet_frames = activity.voiced ? 0 : state.quiet_frames + 1;

  const int needed = std::min(30, frames_in(options_.start_after));
  const std::uint32_t window = (1U << static_cast<unsigned>(needed + 2)) - 1U;
  if (!state.speech && std::popcount(state.recent & window) >= needed) {
    state.speech = activity.started = true;
  } else if (state.speech && state.quiet_frames >= frames_in(options_.end_after)) {
    state.speech = false;
    activity.ended = true;
    state.recent = 0;
  }
  activity.speech = state.speech;
  return activity;
}

double VoiceActivityDetector::noise_floor_dbfs() const noexcept {
  double power = 0.0;
  for (const auto& level : state_->levels) power += std::pow(10.0, level.floor() / 10.0);
  return std::max(silence_dbfs, 10.0 * std::log10(power + 1e-12));
}

}  // namespace parley::audio
