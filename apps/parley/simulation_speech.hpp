#pragma once
#include "parley/simulators/deepgram_simulator.hpp"
#include "parley/simulators/elevenlabs_simulator.hpp"
#include "parley/simulators/openai_audio.hpp"

namespace parley::app {

/// The stand-ins of speech services that `parley simulate` started.
class SimulatedSpeech {
 public:
  struct Started {
    simulators::StandInServer* server = nullptr;
    std::uint16_t port = 0;
    std::string path;  ///< of the API under the address
    std::string key;   ///< the environment's prefix: "PARLEY_DEEPGRAM"
    std::string secret;
  };
  static bool knows(std::string_view name) noexcept;
  /// "deepgram", "elevenlabs" or "openai-audio". Errors: unavailable.
  Result<Started> start(std::string_view name, asio::any_io_executor executor, Clock& clock,
                        Random& random, simulators::StandInOptions where);
  asio::awaitable<void> stop();

 private:
  std::unique_ptr<simulators::DeepgramSimulator> deepgram_;
  std::unique_ptr<simulators::ElevenLabsSimulator> elevenlabs_;
  std::unique_ptr<simulators::OpenAiAudioSimulator> openai_;
};

}  // namespace parley::app
