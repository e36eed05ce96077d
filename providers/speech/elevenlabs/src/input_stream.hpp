#pragma once
#include "parley/net/websocket.hpp"
#include "parley/providers/streaming/sound_bytes.hpp"
#include "parley/speech/synthesizer.hpp"

namespace parley::providers::elevenlabs {

/// One sentence over stream-input: said whole at once, then its audio until isFinal. Dropping it
/// drops the connection, and late audio with it.
class InputStream final : public speech::SynthesisStream {
 public:
  struct Request {
    std::string text;
    double speed = 1.0;
    streaming::SoundBytes::Options sound;
  };
  InputStream(std::unique_ptr<net::WebSocket> socket, Request request);

  /// Errors besides the port's: corrupt, and those of an error frame.
  Task<audio::Frame> next() override;

 private:
  Result<audio::Samples> take(const net::WebSocketMessage& message);
  void end(Error why);

  std::unique_ptr<net::WebSocket> socket_;
  streaming::SoundBytes sound_;
  const int rate_hz_;
  Duration left_;
  bool has_spoken_ = false;
  std::optional<Error> end_;
};

}  // namespace parley::providers::elevenlabs
