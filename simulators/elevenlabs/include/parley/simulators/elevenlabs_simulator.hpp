#pragma once
#include "parley/simulators/speech_stand_in.hpp"

namespace parley::simulators {

struct ElevenLabsSimulatorOptions {
  StandInOptions where;
  std::string api_key = "xi_simulated_key";
  Duration recognition_delay = std::chrono::milliseconds(100);
  Duration first_audio_delay = std::chrono::milliseconds(75);
  std::vector<std::string> voices{"21m00Tcm4TlvDq8ikWAM", "EXAVITQu4vr4xnSDxMaL"};
};

/// A stand-in for ElevenLabs. Thread-safe once started, but for its counts.
class ElevenLabsSimulator : public SpeechStandIn {
 public:
  ElevenLabsSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                      ElevenLabsSimulatorOptions options = {});

  struct Counts {
    std::size_t sessions = 0;
    Duration audio{};  ///< of all sessions
    std::size_t commits = 0;
    std::size_t sentences = 0;
    double last_speed = 0;
  };
  Counts counts() const { return counts_; }

 private:
  const ElevenLabsSimulatorOptions options_;
  Counts counts_;
};

}  // namespace parley::simulators
