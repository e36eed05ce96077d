#pragma once
#include "parley/simulators/elevenlabs_simulator.hpp"

namespace parley::simulators::elevenlabs {

/// What every session sees of its stand-in.
struct House {
  Clock& clock;
  const ElevenLabsSimulatorOptions& options;
  SpeechScript& script;
  ElevenLabsSimulator::Counts& counts;
};

/// One socket of /v1/speech-to-text/realtime.
asio::awaitable<void> transcribe(House house, net::HttpRequest upgrade,
                                 std::unique_ptr<net::WebSocket> socket);
/// POST /v1/text-to-speech/{voice} and /stream.
net::HttpResponse speak_once(House house, const net::HttpRequest& request);
/// One socket of /v1/text-to-speech/{voice}/stream-input.
asio::awaitable<void> speak(House house, net::HttpRequest upgrade,
                            std::unique_ptr<net::WebSocket> socket);

/// {"detail": {"status", "message"}}.
net::HttpResponse refusal(int status, std::string_view word, std::string_view message);

}  // namespace parley::simulators::elevenlabs
