#include "caller_audio.hpp"

#include <cstring>

namespace parley::webvoice {

Result<CallerAudio> CallerAudio::create(const AudioFormat& format) {
  if (format.kind == AudioFormat::Kind::webm_opus) {
    auto decoder = audio::WebmOpusDecoder::create();
    if (!decoder) return std::unexpected(decoder.error());
    return CallerAudio(std::move(*decoder));
  }
  Pcm pcm;
  if (format.rate_hz != audio::telephone_rate_hz) {
    auto resampler = audio::Resampler::create(format.rate_hz, audio::telephone_rate_hz);
    if (!resampler) return std::unexpected(resampler.error());
    pcm.resampler = std::move(*resampler);
  }
  return CallerAudio(std::move(pcm));
}

Result<audio::Samples> CallerAudio::feed(std::span<const std::byte> piece) {
  if (auto* webm = std::get_if<audio::WebmOpusDecoder>(&decoder_)) return webm->feed(piece);
  if (piece.size() % sizeof(std::int16_t) != 0)
    return fail(Errc::invalid, "half a sample: PCM16 comes in whole samples");
  audio::Samples samples(piece.size() / sizeof(std::int16_t));
  std::memcpy(samples.data(), piece.data(), piece.size());
  auto& resampler = std::get<Pcm>(decoder_).resampler;
  if (!resampler) return samples;
  return resampler->process(samples);
}

}  // namespace parley::webvoice
