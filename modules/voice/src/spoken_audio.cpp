#include "spoken_audio.hpp"

#include <algorithm>
#include <cstring>

#include "parley/audio/g711.hpp"

namespace parley::voice {

namespace {

std::uint8_t* as_codes(std::byte* bytes) { return reinterpret_cast<std::uint8_t*>(bytes); }

void encode(telephony::Codec codec, std::span<const std::int16_t> samples, std::byte* out) {
  if (codec == telephony::Codec::mulaw)
    audio::mulaw_encode(samples, std::span(as_codes(out), samples.size()));
  else if (codec == telephony::Codec::alaw)
    std::ranges::transform(samples, as_codes(out),
                           [](std::int16_t sample) { return audio::alaw_encode(sample); });
  else
    std::memcpy(out, samples.data(), samples.size_bytes());
}

void decode(telephony::Codec codec, std::byte* bytes, std::span<std::int16_t> out) {
  std::span<const std::uint8_t> coded(as_codes(bytes), out.size());
  if (codec == telephony::Codec::mulaw)
    audio::mulaw_decode(coded, out);
  else if (codec == telephony::Codec::alaw)
    std::ranges::transform(coded, out.begin(),
                           [](std::uint8_t code) { return audio::alaw_decode(code); });
  else
    std::memcpy(out.data(), bytes, out.size_bytes());
}

}  // namespace

void SpokenAudio::append(std::span<const std::int16_t> samples) {
  while (!samples.empty()) {
    auto in_blocks = end_ - blocks_begin_;
    auto used = in_blocks % block_samples;
    if (in_blocks == blocks_.size() * block_samples) {
      if (!spare_)
        spare_ = std::make_unique_for_overwrite<std::byte[]>(block_samples * sample_bytes());
      blocks_.push_back(std::move(spare_));
    }
    auto piece = samples.first(std::min(samples.size(), block_samples - used));
    encode(codec_, piece, blocks_.back().get() + used * sample_bytes());
    end_ += piece.size();
    samples = samples.subspan(piece.size());
  }
}

void SpokenAudio::drop_before(std::size_t sample) {
  first_ = std::clamp(sample, first_, end_);
  auto whole = (first_ - blocks_begin_) / block_samples;
  if (whole == 0) return;
  spare_ = std::move(blocks_[whole - 1]);
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(whole));
  blocks_begin_ += whole * block_samples;
}

void SpokenAudio::restart_at(std::size_t sample) {
  blocks_.clear();
  spare_.reset();
  blocks_begin_ = first_ = end_ = sample;
}

template <class Each>
void SpokenAudio::for_each_piece(std::size_t begin, std::size_t count, Each each) const {
  while (count > 0) {
    auto at = begin - blocks_begin_;
    auto within = at % block_samples;
    auto piece = std::min(count, block_samples - within);
    each(blocks_[at / block_samples].get() + within * sample_bytes(), piece);
    begin += piece;
    count -= piece;
  }
}

void SpokenAudio::codes(std::size_t begin, std::size_t count, std::vector<std::byte>& out) const {
  out.clear();
  for_each_piece(begin, count, [&](std::byte* bytes, std::size_t piece) {
    out.insert(out.end(), bytes, bytes + piece * sample_bytes());
  });
}

void SpokenAudio::samples(std::size_t begin, std::size_t count, audio::Samples& out) const {
  out.resize(count);
  auto rest = std::span(out);
  for_each_piece(begin, count, [&](std::byte* bytes, std::size_t piece) {
    decode(codec_, bytes, rest.first(piece));
    rest = rest.subspan(piece);
  });
}

}  // namespace parley::voice
