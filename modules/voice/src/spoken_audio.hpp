#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/telephony/media_stream.hpp"

namespace parley::voice {

/// The voice of one turn as the line takes it: half the room of samples where that is mu-law or
/// A-law. In blocks, so that what was played gives its room back while the rest is still spoken,
/// and a long answer never moves. Samples are counted from the beginning of the turn; used from one
/// strand.
class SpokenAudio {
 public:
  explicit SpokenAudio(telephony::Codec codec) : codec_(codec) {}

  std::size_t first() const noexcept { return first_; }  ///< the oldest one that is kept
  std::size_t end() const noexcept { return end_; }

  void append(std::span<const std::int16_t> samples);
  /// Forgets what lies before `sample`.
  void drop_before(std::size_t sample);
  /// Forgets everything; the next sample is number `sample`.
  void restart_at(std::size_t sample);
  /// `count` samples from `begin` on, which are kept, as the line takes them.
  void codes(std::size_t begin, std::size_t count, std::vector<std::byte>& out) const;
  /// The same as numbers.
  void samples(std::size_t begin, std::size_t count, audio::Samples& out) const;

 private:
  static constexpr std::size_t block_samples = 2000;  ///< a quarter of a second
  /// Of the codec's size.
  using Block = std::unique_ptr<std::byte[]>;

  std::size_t sample_bytes() const noexcept { return codec_ == telephony::Codec::pcm16 ? 2 : 1; }
  /// Calls each(bytes, samples) for the pieces of [begin, begin + count).
  template <class Each>
  void for_each_piece(std::size_t begin, std::size_t count, Each each) const;

  telephony::Codec codec_;
  std::vector<Block> blocks_;
  Block spare_;                   ///< the block that was given back last
  std::size_t blocks_begin_ = 0;  ///< of the first block's first sample
  std::size_t first_ = 0;
  std::size_t end_ = 0;
};

}  // namespace parley::voice
