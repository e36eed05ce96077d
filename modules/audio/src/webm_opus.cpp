#include "parley/audio/webm_opus.hpp"

#include <opus/opus.h>

#include <array>
#include <cstring>

#include "webm_reader.hpp"

namespace parley::audio {

namespace {

constexpr std::size_t head_bytes = 19;
/// 120 ms, the longest packet there is.
constexpr std::size_t most_packet_samples = telephone_rate_hz * 120 / 1000;
constexpr int packet_rate_per_telephone_rate = 48000 / telephone_rate_hz;
constexpr int most_broken_in_row = 10;
constexpr std::size_t most_samples =
    static_cast<std::size_t>(WebmOpusDecoder::longest_piece / std::chrono::microseconds(125));

struct DestroyDecoder {
  void operator()(OpusDecoder* decoder) const noexcept { opus_decoder_destroy(decoder); }
};

unsigned two_bytes(std::span<const std::byte> bytes, std::size_t at) {
  return std::to_integer<unsigned>(bytes[at]) | std::to_integer<unsigned>(bytes[at + 1]) << 8;
}

}  // namespace

struct WebmOpusDecoder::State {
  std::unique_ptr<OpusDecoder, DestroyDecoder> opus;
  std::size_t to_skip = 0;  ///< samples before the sound begins
  int broken_in_row = 0;
  Samples out;
  std::optional<Error> broken;
  WebmReader reader{{[this](const WebmTrack& track) { return begin(track); },
                     [this](std::span<const std::byte> packet) { return decode(packet); }}};

  Result<void> begin(const WebmTrack& track) {
    std::span<const std::byte> head(track.codec_private);
    if (head.size() < head_bytes || std::memcmp(head.data(), "OpusHead", 8) != 0)
      return fail(Errc::corrupt, "WebM: no OpusHead");
    // Families other than 0 are of more than two channels.
    if (std::to_integer<unsigned>(head[18]) != 0)
      return fail(Errc::unsupported, "Opus of more than two channels");
    opus_decoder_ctl(opus.get(), OPUS_RESET_STATE);
    auto gain = static_cast<std::int16_t>(two_bytes(head, 16));
    opus_decoder_ctl(opus.get(), OPUS_SET_GAIN(static_cast<opus_int32>(gain)));
    to_skip = two_bytes(head, 10) / packet_rate_per_telephone_rate;
    return {};
  }

  Result<void> decode(std::span<const std::byte> packet) {
    if (out.size() > most_samples) return fail(Errc::too_large, "too much sound at once");
    std::array<opus_int16, most_packet_samples> samples{};
    int count = packet.empty()
                    ? OPUS_INVALID_PACKET
                    : opus_decode(opus.get(), reinterpret_cast<const unsigned char*>(packet.data()),
                                  static_cast<opus_int32>(packet.size()), samples.data(),
                                  static_cast<int>(samples.size()), 0);
    if (count < 0) {
      // One is lost like any packet on the way; many are no Opus.
      if (++broken_in_row >= most_broken_in_row) return fail(Errc::corrupt, "no Opus in it");
      return {};
    }
    broken_in_row = 0;
    auto skipped = std::min(to_skip, static_cast<std::size_t>(count));
    to_skip -= skipped;
    out.insert(out.end(), samples.begin() + static_cast<std::ptrdiff_t>(skipped),
               samples.begin() + count);
    return {};
  }
};

WebmOpusDecoder::WebmOpusDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
WebmOpusDecoder::~WebmOpusDecoder() = default;
WebmOpusDecoder::WebmOpusDecoder(WebmOpusDecoder&&) noexcept = default;
WebmOpusDecoder& WebmOpusDecoder::operator=(WebmOpusDecoder&&) noexcept = default;

Result<WebmOpusDecoder> WebmOpusDecoder::create() {
  auto state = std::make_unique<State>();
  int error = OPUS_OK;
  state->opus.reset(opus_decoder_create(telephone_rate_hz, 1, &error));
  if (!state->opus || error != OPUS_OK)
    return fail(Errc::resource_exhausted, "no memory for an Opus decoder");
  return WebmOpusDecoder(std::move(state));
}

Result<Samples> WebmOpusDecoder::feed(std::span<const std::byte> piece) {
  auto& state = *state_;
  if (state.broken) return std::unexpected(*state.broken);
  state.out.clear();
  auto fed = state.reader.feed(piece);
  if (!fed) {
    state.broken = fed.error();
    return std::unexpected(fed.error());
  }
  return std::move(state.out);
}

}  // namespace parley::audio
