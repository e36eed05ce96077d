#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "decoder.hpp"
#include "parley/audio/frame.hpp"

namespace parley::providers::pocketsphinx {

/// How the packaged wideband model comes to understand the telephone: 20 mel bands of 8 kHz audio,
/// with their neighbours in time, the noise floor and the line's own average taken into account,
/// are mapped by a small trained network to the cepstra that the same words give in clean wideband
/// speech. See data/README.md for how the network is made.

inline constexpr int mel_bands = 20;
inline constexpr int context_frames = 3;  ///< on each side
inline constexpr int map_inputs = mel_bands * (2 * context_frames + 1) + mel_bands;
using MelFrame = std::array<float, mel_bands>;

/// Log mel energies, one frame each 10 ms. Streaming.
class MelAnalyzer {
 public:
  MelAnalyzer();
  void push(std::span<const std::int16_t> samples_8k);
  /// Frames that are complete since the last call.
  std::vector<MelFrame> take();

 private:
  MelFrame analyze(std::span<const float> window, float before) const;
  std::vector<float> pending_;
  float before_ = 0.0F;  ///< the sample before pending_
  std::vector<MelFrame> ready_;
};

/// Follows the noise floor of each band: down at once, up slowly.
class NoiseFloor {
 public:
  const MelFrame& follow(const MelFrame& frame);

 private:
  MelFrame floor_{};
  bool started_ = false;
};

struct FloorFrame {
  MelFrame mel;
  MelFrame floor;
};

/// The average of the speech of one call in each band: what the line and the handset do to a voice.
/// Old speech is forgotten slowly.
class LineAverage {
 public:
  void follow(const FloorFrame& frame);
  /// Enough speech was heard to rely on it.
  bool settled() const noexcept { return count_ >= 90.0; }
  bool known() const noexcept { return count_ > 0.0; }
  MelFrame mean() const;

 private:
  std::array<double, mel_bands> sum_{};
  double count_ = 0.0;
  float peak_ = -1e9F;
};

/// Runs the network. Stateless and thread-safe.
Cepstrum map_to_wideband(std::span<const FloorFrame> around, const MelFrame& floor,
                         const MelFrame& mean);

/// Makes the network's input; `around` holds 2 * context_frames + 1 frames. For the training
/// program too.
void make_map_input(std::span<const FloorFrame> around, const MelFrame& floor, const MelFrame& mean,
                    std::span<float, map_inputs> out);

/// The frames of one utterance on their way to the decoder: held back until the line average is
/// known, then given with the delay of the context. One for each utterance; the average is the
/// call's.
class UtteranceFeatures {
 public:
  explicit UtteranceFeatures(LineAverage& average) : average_(average) {}
  void push(const FloorFrame& frame);
  /// What can be given to the decoder now; with `last`, all the rest.
  std::vector<Cepstrum> take(bool last);
  std::size_t frames() const noexcept { return total_; }

 private:
  LineAverage& average_;
  std::vector<FloorFrame> frames_;  ///< from context_frames before the next one to give
  std::size_t next_ = 0;            ///< its place in frames_
  std::size_t total_ = 0;
};

}  // namespace parley::providers::pocketsphinx
