#pragma once
#include "parley/simulators/deepgram_simulator.hpp"

namespace parley::simulators::deepgram {

/// What every session sees of its stand-in.
struct House {
  Clock& clock;
  Random& random;
  const DeepgramSimulatorOptions& options;
  SpeechScript& script;
  DeepgramSimulator::Counts& counts;
};

/// One socket of /v1/listen, until either side ends it.
asio::awaitable<void> listen(House house, net::HttpRequest upgrade,
                             std::unique_ptr<net::WebSocket> socket);

/// POST /v1/speak.
net::HttpResponse speak_once(House house, const net::HttpRequest& request);
/// One socket of /v1/speak.
asio::awaitable<void> speak(House house, net::HttpRequest upgrade,
                            std::unique_ptr<net::WebSocket> socket);

/// {"err_code","err_msg","request_id"}.
net::HttpResponse refusal(int status, std::string_view code, std::string_view message);

}  // namespace parley::simulators::deepgram
