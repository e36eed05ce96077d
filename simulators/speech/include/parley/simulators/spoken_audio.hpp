#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/net/http.hpp"

namespace parley::simulators {

/// A text as sound: a tone burst for each word, about 65 ms a letter, so that its length is that of
/// speech. The same text sounds the same.
audio::Samples tone_speech(std::string_view text, int rate_hz, double speed = 1.0);

enum class SoundCoding { pcm, mulaw, alaw };
/// Raw bytes, PCM little-endian. The codings of one byte are what they are at any rate.
std::string encode_sound(const audio::Samples& samples, SoundCoding coding);
/// Errors: none; an odd byte at the end is left out.
audio::Samples decode_sound(std::string_view bytes, SoundCoding coding);

/// An audio answer as services stream it: after `first_after` pieces of an odd number of bytes,
/// which end in the middle of samples.
net::HttpResponse stream_sound(Clock& clock, std::string bytes, std::string_view content_type,
                               Duration first_after);
/// The same pieces, for a WebSocket.
std::vector<std::string> pieces_of(std::string_view bytes);

}  // namespace parley::simulators
