#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parley/base/error.hpp"

namespace parley::audio {

/// What is told of the one audio track in a WebM stream.
struct WebmTrack {
  std::uint64_t number = 0;
  std::string codec;                     ///< "A_OPUS"
  std::vector<std::byte> codec_private;  ///< the OpusHead
};

/// Takes a WebM (Matroska) stream apart: the tracks, then their packets. Segments, clusters and
/// block groups are walked into and never waited for, so that their size need not be known; other
/// elements are taken whole or passed over.
class WebmReader {
 public:
  static constexpr std::size_t largest_element_bytes = 64u << 10;  ///< that is taken whole
  static constexpr std::uint64_t most_skipped_bytes = 1u << 20;    ///< of one that is not

  /// `on_track` when the audio track is known, also again for a new file; `on_packet` for each of
  /// its packets. Their errors end the feed.
  struct Handlers {
    std::function<Result<void>(const WebmTrack&)> on_track;
    std::function<Result<void>(std::span<const std::byte>)> on_packet;
  };
  explicit WebmReader(Handlers handlers) : handlers_(std::move(handlers)) {}

  /// Errors: corrupt, unsupported, too_large.
  Result<void> feed(std::span<const std::byte> piece);
  std::size_t held_bytes() const noexcept { return held_.size(); }

 private:
  struct Element {
    std::uint32_t id = 0;
    std::optional<std::uint64_t> size_bytes;  ///< none: not known
    std::size_t head_bytes = 0;
  };
  /// None: more bytes are needed.
  static Result<std::optional<Element>> head_of(std::span<const std::byte> bytes);
  static Result<WebmTrack> read_track(std::span<const std::byte> entry);
  Result<std::size_t> step(std::span<const std::byte> bytes);
  Result<void> take(std::uint32_t id, std::span<const std::byte> content);
  Result<void> take_header(std::span<const std::byte> content);
  Result<void> take_tracks(std::span<const std::byte> content);
  Result<void> take_block(std::span<const std::byte> content);

  Handlers handlers_;
  std::vector<std::byte> held_;
  std::uint64_t skipping_bytes_ = 0;
  bool has_header_ = false;
  std::optional<WebmTrack> track_;
};

}  // namespace parley::audio
