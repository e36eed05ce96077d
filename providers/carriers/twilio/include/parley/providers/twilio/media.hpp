#pragma once
#include <memory>
#include <string>

#include "parley/net/websocket.hpp"
#include "parley/telephony/media_stream.hpp"

namespace parley::providers::twilio {

/// What Twilio tells when a media stream begins.
struct StreamStart {
  std::string stream_sid;
  std::string call_sid;
  std::string account_sid;
};

struct OpenedStream {
  StreamStart start;
  std::unique_ptr<telephony::MediaStream> media;
};

/// Reads `connected` and `start`, then the stream is a MediaStream (mu-law, 8 kHz). Errors: timeout
/// when they do not come within 10 s, unsupported for another media format, end_of_stream,
/// unavailable. Messages that make no sense are skipped, at most 50 of them before `start`
/// (then: corrupt). That a running stream falls silent is the socket's to notice: its
/// message_timeout.
Task<OpenedStream> open_media_stream(Context ctx, Clock& clock,
                                     std::unique_ptr<net::WebSocket> socket);

}  // namespace parley::providers::twilio
