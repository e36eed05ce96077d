#include "simulation_speech.hpp"

namespace parley::app {

bool SimulatedSpeech::knows(std::string_view name) noexcept {
  return name == "deepgram" || name == "elevenlabs" || name == "openai-audio";
}

Result<SimulatedSpeech::Started> SimulatedSpeech::start(std::string_view name,
                                                        asio::any_io_executor executor,
                                                        Clock& clock, Random& random,
                                                        simulators::StandInOptions where) {
  if (name == "deepgram") {
    simulators::DeepgramSimulatorOptions options;
    options.where = std::move(where);
    deepgram_ = std::make_unique<simulators::DeepgramSimulator>(std::move(executor), clock, random,
                                                                options);
    if (auto good = deepgram_->start(); !good) return std::unexpected(good.error());
    return Started{&deepgram_->server(), deepgram_->port(), "", "PARLEY_DEEPGRAM", options.api_key};
  }
  if (name == "elevenlabs") {
    simulators::ElevenLabsSimulatorOptions options;
    options.where = std::move(where);
    elevenlabs_ = std::make_unique<simulators::ElevenLabsSimulator>(std::move(executor), clock,
                                                                    random, options);
    if (auto good = elevenlabs_->start(); !good) return std::unexpected(good.error());
    return Started{&elevenlabs_->server(), elevenlabs_->port(), "", "PARLEY_ELEVENLABS",
                   options.api_key};
  }
  simulators::OpenAiAudioOptions options;
  openai_ = std::make_unique<simulators::OpenAiAudioSimulator>(std::move(executor), clock, random,
                                                               std::move(where), options);
  if (auto good = openai_->start(); !good) return std::unexpected(good.error());
  return Started{&openai_->server(), openai_->port(), "/v1", "PARLEY_OPENAI", options.api_key};
}

asio::awaitable<void> SimulatedSpeech::stop() {
  auto now = TimePoint::min();
  if (deepgram_) co_await deepgram_->stop(now);
  if (elevenlabs_) co_await elevenlabs_->stop(now);
  if (openai_) co_await openai_->stop(now);
}

}  // namespace parley::app
