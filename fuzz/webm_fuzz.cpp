// WebM with Opus, as browsers send it. The first byte says where the stream is cut.
#include <cstdlib>
#include <optional>

#include "parley/audio/webm_opus.hpp"

using namespace parley;
using namespace parley::audio;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Heard {
  Samples samples;
  std::optional<Errc> broken;
};

Heard hear(std::span<const std::byte> bytes, std::size_t piece_bytes) {
  auto decoder = WebmOpusDecoder::create();
  require(decoder.has_value());
  Heard heard;
  while (!bytes.empty()) {
    auto piece = bytes.first(std::min(piece_bytes, bytes.size()));
    bytes = bytes.subspan(piece.size());
    auto samples = decoder->feed(piece);
    if (!samples) {
      require(!samples.error().detail.empty());
      heard.broken = samples.error().code;
      // What is broken stays broken.
      auto again = decoder->feed(piece);
      require(!again && again.error().code == *heard.broken);
      return heard;
    }
    heard.samples.insert(heard.samples.end(), samples->begin(), samples->end());
  }
  return heard;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  auto whole = hear(bytes, bytes.size());
  auto cut = hear(bytes, 1 + data[0]);
  // However it is cut it is the same, save that a long piece may be too long.
  if (whole.broken == Errc::too_large || cut.broken == Errc::too_large) return 0;
  require(whole.broken == cut.broken);
  if (!whole.broken) require(whole.samples == cut.samples);
  return 0;
}
