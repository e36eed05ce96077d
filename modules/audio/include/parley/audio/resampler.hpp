#pragma once
#include <memory>
#include <span>

#include "parley/audio/frame.hpp"
#include "parley/base/error.hpp"

namespace parley::audio {

/// Changes the sampling rate of one stream, piece by piece, without clicks between the pieces: the
/// filter's state is kept. Output comes a little late (about 1 ms) and flush() gives what is still
/// inside. One stream, one thread at a time.
class Resampler {
 public:
  /// Rates of 4 kHz to 192 kHz whose ratio is at most 32. Errors: invalid, resource_exhausted.
  static Result<Resampler> create(int from_hz, int to_hz);
  ~Resampler();
  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;

  /// What can be given so far. A piece may give nothing; no sample is lost.
  Samples process(std::span<const std::int16_t> piece);
  /// The rest of the stream. After it the resampler starts a new stream.
  Samples flush();

  int from_hz() const noexcept;
  int to_hz() const noexcept;

 private:
  struct State;
  explicit Resampler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A whole recording at once. Errors: as Resampler::create().
Result<Samples> resample(std::span<const std::int16_t> samples, int from_hz, int to_hz);

}  // namespace parley::audio
