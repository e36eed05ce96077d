#pragma once
#include "parley/simulators/heard_speech.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct DeepgramSimulatorOptions {
  StandInOptions where;
  std::string api_key = "dg_simulated_key";
  Duration recognition_delay = std::chrono::milliseconds(100);
  Duration first_audio_delay = std::chrono::milliseconds(75);
  /// Without audio or KeepAlive for so long the socket is closed with 1011.
  Duration silence_limit = std::chrono::seconds(10);
};

/// A stand-in for Deepgram. Thread-safe once started, but for its counts.
class DeepgramSimulator {
 public:
  /// `executor`, `clock` and `random` outlive it.
  DeepgramSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                    DeepgramSimulatorOptions options = {});
  ~DeepgramSimulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  StandInServer& server() noexcept;
  SpeechScript& script() noexcept;

  struct Counts {
    std::size_t sessions = 0;
    Duration audio{};  ///< of all sessions
    std::size_t keep_alives = 0;
    std::size_t finalizes = 0;
    std::size_t closed_in_order = 0;  ///< with CloseStream
  };
  Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
