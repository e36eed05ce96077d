#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "parley/base/json.hpp"

namespace parley::webvoice {

/// What the browser is going to send as binary messages.
struct AudioFormat {
  enum class Kind { pcm16, webm_opus };
  Kind kind = Kind::pcm16;
  int rate_hz = 48000;  ///< of pcm16
};

/// The first JSON message on a socket.
struct Opening {
  enum class Kind { start, resume };
  Kind kind = Kind::start;
  std::string token;
  std::optional<AudioFormat> audio;  ///< none: this visitor types
  bool wants_speech = true;          ///< else sentences are only shown
  std::int64_t after = 0;            ///< resume: the last event that was seen
  std::uint64_t audio_bytes = 0;     ///< resume: the audio that came, as `clear` counts it
};

/// What is wrong with a message, for the page's author.
struct Complaint {
  std::string code;
  std::string message;
};

inline constexpr std::size_t most_json_bytes = 16u << 10;
inline constexpr std::size_t most_binary_bytes = 256u << 10;
inline constexpr std::size_t most_text_bytes = 2000;

std::expected<Opening, Complaint> read_opening(std::string_view text);
/// The "audio" of a message: null or absent for none.
std::expected<std::optional<AudioFormat>, Complaint> read_audio_format(const json::object& message);

}  // namespace parley::webvoice
