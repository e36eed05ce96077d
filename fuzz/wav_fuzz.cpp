// WAV files, as they come from callers' audio and from speech programs.
#include <cstdlib>

#include "parley/audio/wav.hpp"

using namespace parley::audio;

namespace {
void require(bool holds) {
  if (!holds) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  auto file = std::as_bytes(std::span(bytes, size));
  constexpr WavLimits limits{.max_samples = 4096};
  auto wav = read_wav(file, limits);
  if (!wav) {
    require(!wav.error().detail.empty());
    return 0;
  }
  require(wav->samples.size() <= limits.max_samples);
  require(wav->channels == 1 || wav->channels == 2);
  require(wav->samples.size() % static_cast<std::size_t>(wav->channels) == 0);
  require(wav->mono().size() == wav->channel(0).size());
  // What was read is written and read again unchanged.
  auto again = read_wav(write_wav(wav->samples, {wav->rate_hz, wav->channels}), limits);
  require(again && again->samples == wav->samples && again->rate_hz == wav->rate_hz);
  return 0;
}
