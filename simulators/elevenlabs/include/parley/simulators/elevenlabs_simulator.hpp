#pragma once
#include "parley/simulators/heard_speech.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct ElevenLabsSimulatorOptions {
  StandInOptions where;
  std::string api_key = "xi_simulated_key";
  Duration recognition_delay = std::chrono::milliseconds(100);
  Duration first_audio_delay = std::chrono::milliseconds(75);
  std::vector<std::string> voices{"21m00Tcm4TlvDq8ikWAM", "EXAVITQu4vr4xnSDxMaL"};
};

/// A stand-in for ElevenLabs. Thread-safe once started, but for its counts.
class ElevenLabsSimulator {
 public:
  /// `executor`, `clock` and `random` outlive it.
  ElevenLabsSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                      ElevenLabsSimulatorOptions options = {});
  ~ElevenLabsSimulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  StandInServer& server() noexcept;
  SpeechScript& script() noexcept;

  struct Counts {
    std::size_t sessions = 0;
    Duration audio{};  ///< of all sessions
    std::size_t commits = 0;
    std::size_t sentences = 0;
    double last_speed = 0;
  };
  Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
