#pragma once
#include <cstddef>
#include <memory>
#include <span>

#include "parley/audio/frame.hpp"
#include "parley/base/error.hpp"

namespace parley::audio {

/// Opus in WebM, as a browser's MediaRecorder writes it, to telephone samples (8 kHz, mono; stereo
/// is mixed). The file comes piece by piece, cut anywhere, and need not end; a new file may begin
/// where one is (the recorder was started again). Clusters of known and unknown size. Holds at most
/// 64 KB of what is not whole yet. One stream, one thread at a time.
class WebmOpusDecoder {
 public:
  /// More sound than this in one piece is refused: no browser sends it, and decoding takes time.
  static constexpr Duration longest_piece = std::chrono::seconds(10);

  /// Errors: resource_exhausted.
  static Result<WebmOpusDecoder> create();
  ~WebmOpusDecoder();
  WebmOpusDecoder(WebmOpusDecoder&&) noexcept;
  WebmOpusDecoder& operator=(WebmOpusDecoder&&) noexcept;

  /// What can be heard of it so far. Errors: corrupt (no WebM, or broken), unsupported (no Opus in
  /// it, laced blocks), too_large (an element, or more sound than longest_piece). After an error
  /// every piece gives the same.
  Result<Samples> feed(std::span<const std::byte> piece);

 private:
  struct State;
  explicit WebmOpusDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace parley::audio
