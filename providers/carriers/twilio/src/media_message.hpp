#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::providers::twilio {

/// One `media` message. Views into its text.
struct MediaMessage {
  std::string_view stream_sid;
  std::int64_t chunk = 0;
  std::optional<std::int64_t> timestamp;
  std::string_view payload;  ///< base64
};

/// Reads a media message of the caller's track in the form in which nearly all come: an object of
/// plain strings and numbers with the object `media` in it, in any order, without escapes. Nothing
/// for any other message and any other form, which a JSON parser shall look at: this is 50 times a
/// second and call what that would be too slow for.
std::optional<MediaMessage> read_usual_media(std::string_view message);

}  // namespace parley::providers::twilio
