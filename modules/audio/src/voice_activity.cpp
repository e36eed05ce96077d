#include "parley/audio/voice_activity.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "webrtc_vad.hpp"

namespace parley::audio {

namespace {

constexpr double silence_dbfs = -96.0;
/// The noise floor is the minimum over this many blocks of this many frames: one second.
constexpr std::size_t floor_blocks = 5;
constexpr int block_frames = 10;

struct FreeVad {
  void operator()(WebRtcVadInst* handle) const noexcept { WebRtcVad_Free(handle); }
};

int frames_in(Duration duration) {
  return std::max(1, static_cast<int>(duration / Duration(frame_length)));
}

}  // namespace

struct VoiceActivityDetector::State {
  std::unique_ptr<WebRtcVadInst, FreeVad> vad;
  double last_sample = 0.0;
  std::array<double, floor_blocks> block_minimum{};
  std::size_t block = 0;
  int frames_in_block = 0;
  double smoothed_dbfs = silence_dbfs;
  bool first = true;
  std::uint32_t recent = 0;  ///< one bit for each of the last 32 frames, newest lowest
  int quiet_frames = 0;
  bool speech = false;

  double floor() const { return *std::ranges::min_element(block_minimum); }
  double measure(std::span<const std::int16_t> frame);
  void follow_floor(double level_dbfs);
};

/// The level above the hum of the mains and any constant offset: a first difference damps what lies
/// under some hundred hertz.
double VoiceActivityDetector::State::measure(std::span<const std::int16_t> frame) {
  double sum = 0.0;
  for (auto sample : frame) {
    const double value = sample;
    const double difference = value - 0.95 * last_sample;
    last_sample = value;
    sum += difference * difference;
  }
  const double mean = sum / static_cast<double>(frame.size());
  return std::max(silence_dbfs, 10.0 * std::log10(mean / (32768.0 * 32768.0) + 1e-12));
}

void VoiceActivityDetector::State::follow_floor(double level_dbfs) {
  if (first) {
    block_minimum.fill(level_dbfs);
    smoothed_dbfs = level_dbfs;
    first = false;
  }
  smoothed_dbfs += 0.5 * (level_dbfs - smoothed_dbfs);
  if (frames_in_block == block_frames) {
    frames_in_block = 0;
    block = (block + 1) % floor_blocks;
    block_minimum[block] = smoothed_dbfs;
  }
  ++frames_in_block;
  block_minimum[block] = std::min(block_minimum[block], smoothed_dbfs);
}

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
  fresh->block_minimum.fill(silence_dbfs);
  state_ = std::move(fresh);
}

VoiceActivityDetector::Activity VoiceActivityDetector::process(
    std::span<const std::int16_t> frame) {
  Activity activity;
  auto& state = *state_;
  if (frame.size() == telephone_frame_samples) {
    activity.level_dbfs = state.measure(frame);
    state.follow_floor(activity.level_dbfs);
    const bool stands_out =
        activity.level_dbfs > std::max(options_.quietest_dbfs, state.floor() + options_.margin_db);
    // The detector learns from every frame, so it must see them all.
    const bool sounds_like_speech =
        WebRtcVad_Process(state.vad.get(), telephone_rate_hz, frame.data(), frame.size()) == 1;
    activity.voiced = stands_out && sounds_like_speech;
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

double VoiceActivityDetector::noise_floor_dbfs() const noexcept { return state_->floor(); }

}  // namespace parley::audio
