#include "parley/audio/wav.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "parley/audio/g711.hpp"

namespace parley::audio {

namespace {

constexpr std::uint16_t format_pcm = 1;
constexpr std::uint16_t format_alaw = 6;
constexpr std::uint16_t format_mulaw = 7;
constexpr std::uint16_t format_extensible = 0xFFFE;
constexpr std::uint32_t streamed_size = 0xFFFFFFFF;

std::uint32_t number(std::span<const std::byte> bytes, std::size_t at, std::size_t width) {
  std::uint32_t value = 0;
  for (std::size_t i = width; i-- > 0;)
    value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

bool tag_is(std::span<const std::byte> bytes, std::size_t at, std::string_view tag) {
  return std::memcmp(bytes.data() + at, tag.data(), tag.size()) == 0;
}

struct Coding {
  std::uint16_t format = 0;
  int channels = 0;
  int rate_hz = 0;
  std::size_t sample_bytes = 0;
};

Result<Coding> read_coding(std::span<const std::byte> chunk) {
  if (chunk.size() < 16) return fail(Errc::corrupt, "the WAV format chunk is too short");
  auto format = static_cast<std::uint16_t>(number(chunk, 0, 2));
  const auto channels = number(chunk, 2, 2);
  const auto rate = number(chunk, 4, 4);
  const auto bits = number(chunk, 14, 2);
  if (format == format_extensible) {
    if (chunk.size() < 40) return fail(Errc::corrupt, "the WAV extensible format is too short");
    format = static_cast<std::uint16_t>(number(chunk, 24, 2));
  }
  if (channels == 0 || rate == 0) return fail(Errc::corrupt, "a WAV file with no channels or rate");
  if (channels > 2) return fail(Errc::unsupported, "a WAV file with more than two channels");
  if (rate < 4000 || rate > 192000) return fail(Errc::unsupported, "WAV sampling rate");
  const bool is_pcm = format == format_pcm && bits == 16;
  const bool is_g711 = (format == format_mulaw || format == format_alaw) && bits == 8;
  if (!is_pcm && !is_g711)
    return fail(Errc::unsupported, "WAV coding: 16-bit PCM, mu-law and A-law are read");
  return Coding{format, static_cast<int>(channels), static_cast<int>(rate), is_pcm ? 2U : 1U};
}

Result<Wav> decode(const Coding& coding, std::span<const std::byte> data, const WavLimits& limits) {
  const auto block = coding.sample_bytes * static_cast<std::size_t>(coding.channels);
  const auto count = data.size() / block * static_cast<std::size_t>(coding.channels);
  if (count > limits.max_samples) return fail(Errc::too_large, "the WAV file is too long");
  Wav wav;
  wav.rate_hz = coding.rate_hz;
  wav.channels = coding.channels;
  wav.samples.resize(count);
  if (coding.sample_bytes == 2) {
    for (std::size_t i = 0; i < count; ++i)
      wav.samples[i] = static_cast<std::int16_t>(number(data, 2 * i, 2));
    return wav;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = std::to_integer<std::uint8_t>(data[i]);
    wav.samples[i] = coding.format == format_mulaw ? mulaw_decode(code) : alaw_decode(code);
  }
  return wav;
}

void put(std::vector<std::byte>& out, std::string_view tag) {
  for (char c : tag) out.push_back(static_cast<std::byte>(c));
}

void put(std::vector<std::byte>& out, std::uint32_t value, int width) {
  for (int i = 0; i < width; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::vector<std::byte> make_header(WavFormat format, std::uint32_t riff_size,
                                   std::uint32_t data_size) {
  const auto channels = static_cast<std::uint32_t>(format.channels);
  const auto rate = static_cast<std::uint32_t>(format.rate_hz);
  std::vector<std::byte> out;
  out.reserve(44);
  put(out, "RIFF");
  put(out, riff_size, 4);
  put(out, "WAVEfmt ");
  put(out, 16, 4);
  put(out, format_pcm, 2);
  put(out, channels, 2);
  put(out, rate, 4);
  put(out, rate * channels * 2, 4);
  put(out, channels * 2, 2);
  put(out, 16, 2);
  put(out, "data");
  put(out, data_size, 4);
  return out;
}

}  // namespace

Samples Wav::channel(int index) const {
  Samples result;
  result.reserve(samples.size() / static_cast<std::size_t>(channels));
  for (auto i = static_cast<std::size_t>(index); i < samples.size();
       i += static_cast<std::size_t>(channels))
    result.push_back(samples[i]);
  return result;
}

Samples Wav::mono() const {
  if (channels == 1) return samples;
  Samples result(samples.size() / 2);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<std::int16_t>((samples[2 * i] + samples[2 * i + 1]) / 2);
  return result;
}

Result<Wav> read_wav(std::span<const std::byte> file, WavLimits limits) {
  if (file.size() < 12 || !tag_is(file, 0, "RIFF") || !tag_is(file, 8, "WAVE"))
    return fail(Errc::corrupt, "not a WAV file");
  std::optional<Coding> coding;
  std::size_t at = 12;
  while (file.size() - at >= 8) {
    const std::size_t size = number(file, at + 4, 4);
    const std::size_t left = file.size() - at - 8;
    const bool is_data = tag_is(file, at, "data");
    if (is_data) {
      if (!coding) return fail(Errc::corrupt, "WAV data before its format");
      const bool streamed = size == 0 || size == streamed_size;
      return decode(*coding, file.subspan(at + 8, streamed ? left : std::min(size, left)), limits);
    }
    if (size > left) return fail(Errc::corrupt, "a WAV chunk is longer than the file");
    if (tag_is(file, at, "fmt ")) {
      auto read = read_coding(file.subspan(at + 8, size));
      if (!read) return std::unexpected(read.error());
      coding = *read;
    }
    // Chunks start at even places; the last one may lack its padding.
    at += std::min(8 + size + (size & 1U), 8 + left);
  }
  return fail(Errc::corrupt, "a WAV file without data");
}

std::vector<std::byte> wav_header(WavFormat format, std::size_t data_bytes) {
  if (data_bytes > streamed_size - 64U) return streamed_wav_header(format);
  const auto size = static_cast<std::uint32_t>(data_bytes);
  return make_header(format, size + 36, size);
}

std::vector<std::byte> streamed_wav_header(WavFormat format) {
  return make_header(format, streamed_size, streamed_size);
}

std::vector<std::byte> write_wav(std::span<const std::int16_t> samples, WavFormat format) {
  auto out = wav_header(format, samples.size() * 2);
  out.reserve(out.size() + samples.size() * 2);
  for (auto sample : samples) put(out, static_cast<std::uint16_t>(sample), 2);
  return out;
}

}  // namespace parley::audio
