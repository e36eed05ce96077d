#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/error.hpp"

namespace parley::audio {

/// A decoded WAV file: 16-bit samples, interleaved when there are two channels.
struct Wav {
  Samples samples;
  int rate_hz = telephone_rate_hz;
  int channels = 1;

  /// One channel alone, 0 being the left one.
  Samples channel(int index) const;
  /// Both channels added and halved; a mono file as it is.
  Samples mono() const;
};

struct WavLimits {
  std::size_t max_samples = 64U << 20U;  ///< of all channels together
};

/// Reads 16-bit PCM, mu-law and A-law, mono or stereo, also as WAVE_FORMAT_EXTENSIBLE. Unknown
/// chunks are skipped; a data size of 0 or 0xFFFFFFFF, which streaming programs write, means "to
/// the end". A file cut off in its data is read as far as it goes.
/// Errors: corrupt (not a WAV file, or damaged), unsupported (another coding, more channels),
/// too_large (over the limits).
Result<Wav> read_wav(std::span<const std::byte> file, WavLimits limits = {});

struct WavFormat {
  int rate_hz = telephone_rate_hz;
  int channels = 1;
};

/// The 44 bytes before `data_bytes` bytes of 16-bit PCM. More than 4 GiB is written as streamed.
std::vector<std::byte> wav_header(WavFormat format, std::size_t data_bytes);
/// The same for a length that is not known yet: readers take it as "to the end of the file".
std::vector<std::byte> streamed_wav_header(WavFormat format);
/// A whole file of 16-bit PCM; `samples` are interleaved when there are two channels.
std::vector<std::byte> write_wav(std::span<const std::int16_t> samples, WavFormat format = {});

}  // namespace parley::audio
