#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/telephony/companion.hpp"

namespace parley::telephony {

enum class Codec { mulaw, alaw, pcm16 };

/// One piece of the caller's audio as the carrier sent it: usually 20 ms.
struct MediaAudio {
  std::vector<std::byte> payload;
  std::chrono::milliseconds timestamp{0};  ///< since the stream began, by the carrier's clock
};
/// A key the caller pressed: 0-9, *, #, A-D.
struct MediaDigit {
  char digit = '0';
};
/// Everything sent before the mark was played, or cleared: the carrier does not say which.
struct MediaMark {
  std::string name;
};
/// A turn that the caller typed: never empty.
struct MediaText {
  std::string text;
};
using MediaEvent = std::variant<MediaAudio, MediaDigit, MediaMark, MediaText>;
/// Takes the next event, whose content it may move away; false: wants no more for now.
using MediaTaker = std::function<bool(MediaEvent&)>;

/// A running call's audio both ways, whatever the carrier. Used from one strand. Broken input from
/// the carrier (bad base64, unknown messages, duplicates, wrong order) is dropped and counted
/// inside; receive_all() only gives what is sound and in order.
class MediaStream {
 public:
  virtual ~MediaStream() = default;
  virtual Codec codec() const noexcept = 0;
  virtual int rate_hz() const noexcept = 0;
  /// Gives `taker` each event as it comes, until it wants no more. Errors: end_of_stream when the
  /// call is over, unavailable when the connection broke, timeout when the carrier sent nothing at
  /// all for too long.
  virtual Task<void> receive_all(MediaTaker taker) = 0;
  /// Audio in codec(), any length; the carrier buffers it and plays in order. Errors: rate_limited
  /// when the connection does not take more now (nothing was queued), end_of_stream.
  virtual Result<void> send_audio(std::span<const std::byte> payload) = 0;
  virtual Result<void> send_mark(std::string name) = 0;
  /// Drops what the carrier holds and has not played; overtakes audio queued on our side, which is
  /// dropped too. All pending marks come back.
  virtual Result<void> clear() = 0;
  /// Ends the stream; the carrier goes on with the call's next instruction. Idempotent.
  virtual asio::awaitable<void> close() = 0;

  /// Who is told what the line can show besides; null for a telephone. Lives as long as the stream.
  virtual Companion* companion() noexcept { return nullptr; }

  struct Counters {
    std::uint64_t malformed = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t missing = 0;
  };
  virtual Counters counters() const noexcept = 0;
};

}  // namespace parley::telephony
