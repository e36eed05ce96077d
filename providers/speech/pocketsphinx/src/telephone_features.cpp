#include "telephone_features.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "telephone_map.hpp"

namespace parley::providers::pocketsphinx {

namespace {
/// Ten ms frames of speech after which older ones start to be forgotten.
constexpr double memory_frames = 500.0;

float average(const MelFrame& frame) {
  return std::accumulate(frame.begin(), frame.end(), 0.0F) / mel_bands;
}
}  // namespace

const MelFrame& NoiseFloor::follow(const MelFrame& frame) {
  if (!started_) {
    floor_ = frame;
    started_ = true;
    return floor_;
  }
  for (std::size_t band = 0; band < frame.size(); ++band) {
    const float above = frame[band] - floor_[band];
    if (above < 0.0F)
      floor_[band] += 0.3F * above;
    else
      floor_[band] += above < 1.5F ? 0.05F * above : 0.004F;
  }
  return floor_;
}

void LineAverage::follow(const FloorFrame& frame) {
  const float level = average(frame.mel);
  // Two nepers a minute: a caller who turns away is followed.
  peak_ = std::max(level, peak_ - 0.0003F);
  if (level < peak_ - 4.0F || level < average(frame.floor) + 0.7F) return;
  if (count_ >= memory_frames) {
    const double keep = (memory_frames - 1.0) / count_;
    for (auto& sum : sum_) sum *= keep;
    count_ *= keep;
  }
  for (std::size_t band = 0; band < sum_.size(); ++band) sum_[band] += frame.mel[band];
  count_ += 1.0;
}

MelFrame LineAverage::mean() const {
  MelFrame mean{};
  for (std::size_t band = 0; band < mean.size(); ++band)
    mean[band] = static_cast<float>(sum_[band] / std::max(1.0, count_));
  return mean;
}

void make_map_input(std::span<const FloorFrame> around, const MelFrame& floor, const MelFrame& mean,
                    std::span<float, map_inputs> out) {
  std::size_t at = 0;
  for (const auto& frame : around)
    for (std::size_t band = 0; band < frame.mel.size(); ++band)
      out[at++] = std::clamp((frame.mel[band] - mean[band]) * 0.4F, -4.0F, 4.0F);
  for (std::size_t band = 0; band < floor.size(); ++band)
    out[at++] = std::clamp((floor[band] - mean[band]) * 0.4F, -4.0F, 2.0F);
}

Cepstrum map_to_wideband(std::span<const FloorFrame> around, const MelFrame& floor,
                         const MelFrame& mean) {
  std::array<float, map_inputs> input;
  make_map_input(around, floor, mean, input);
  return TelephoneMap::instance().run(input);
}

void UtteranceFeatures::push(const FloorFrame& frame) {
  average_.follow(frame);
  // The first frame stands for what came before it.
  if (frames_.empty()) {
    frames_.assign(context_frames, frame);
    next_ = context_frames;
  }
  frames_.push_back(frame);
  ++total_;
}

std::vector<Cepstrum> UtteranceFeatures::take(bool last) {
  std::vector<Cepstrum> made;
  if (frames_.empty() || (!average_.settled() && !last)) return made;
  if (last)
    for (int i = 0; i < context_frames; ++i) frames_.push_back(FloorFrame(frames_.back()));
  // Without any speech the utterance's own average is the best there is.
  MelFrame mean = average_.mean();
  if (!average_.known()) {
    LineAverage own;
    for (auto frame : frames_) {
      frame.floor.fill(-1e9F);
      own.follow(frame);
    }
    mean = own.mean();
  }
  for (; next_ + context_frames < frames_.size(); ++next_) {
    const auto around = std::span(frames_).subspan(next_ - context_frames, 2 * context_frames + 1);
    made.push_back(map_to_wideband(around, frames_[next_].floor, mean));
  }
  const auto done = static_cast<std::ptrdiff_t>(next_) - context_frames;
  frames_.erase(frames_.begin(), frames_.begin() + done);
  next_ = context_frames;
  return made;
}

}  // namespace parley::providers::pocketsphinx
