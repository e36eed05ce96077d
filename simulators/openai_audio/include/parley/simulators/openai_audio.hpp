#pragma once
#include "parley/simulators/heard_speech.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct OpenAiAudioOptions {
  std::string api_key = "sk-simulated";
  Duration recognition_delay = std::chrono::milliseconds(100);
  Duration first_audio_delay = std::chrono::milliseconds(75);
};

/// What the routes share and tests look at. One strand.
struct OpenAiAudio {
  OpenAiAudioOptions options;
  SpeechScript script;
  std::size_t uploads = 0;
  std::size_t utterance = 0;  ///< of the script, the next upload's
  Duration audio{};           ///< of all uploads
  std::string last_prompt;
  double last_speed = 0;
};

/// Adds the audio routes to a stand-in of OpenAI. `audio` and `clock` outlive the server.
void add_openai_audio(StandInServer& server, Clock& clock, OpenAiAudio& audio);

/// An answer in OpenAI's words, for the server's refusals.
net::HttpResponse openai_refusal(int status, std::string_view code, std::string_view message);

/// A stand-in that has audio alone. Thread-safe once started, but for audio().
class OpenAiAudioSimulator {
 public:
  /// `executor`, `clock` and `random` outlive it.
  OpenAiAudioSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                       StandInOptions where = {}, OpenAiAudioOptions options = {});
  ~OpenAiAudioSimulator();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;
  StandInServer& server() noexcept;
  OpenAiAudio& audio() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
