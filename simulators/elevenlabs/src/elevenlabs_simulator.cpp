#include "parley/simulators/elevenlabs_simulator.hpp"

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "sessions.hpp"

namespace parley::simulators {

namespace elevenlabs {

net::HttpResponse refusal(int status, std::string_view word, std::string_view message) {
  json::object body{{"detail", {{"status", word}, {"message", message}}}};
  return net::text_response(status, json::serialize(body), "application/json");
}

}  // namespace elevenlabs

namespace {

using elevenlabs::refusal;

net::HttpResponse fault_answer(const Fault& fault, const net::HttpRequest&) {
  auto code = fault.code;
  if (code.empty())
    code = fault.status == 401   ? "invalid_api_key"
           : fault.status == 402 ? "quota_exceeded"
           : fault.status == 429 ? "too_many_concurrent_requests"
                                 : "internal_server_error";
  return refusal(fault.status, code, "as the plan of faults wants it");
}

}  // namespace

struct ElevenLabsSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& r, ElevenLabsSimulatorOptions o)
      : options(std::move(o)),
        house{c, options, script, counts},
        server(std::move(executor), c, r, options.where, fault_answer) {
    auto admit = [this](const net::HttpRequest& request) { return stranger(request); };
    server.add_websocket(
        "/v1/speech-to-text/realtime",
        [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
          return elevenlabs::transcribe(house, std::move(upgrade), std::move(socket));
        },
        admit);
    server.add_websocket(
        "/v1/text-to-speech/{voice}/stream-input",
        [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
          return elevenlabs::speak(house, std::move(upgrade), std::move(socket));
        },
        admit);
    for (auto* pattern : {"/v1/text-to-speech/{voice}", "/v1/text-to-speech/{voice}/stream"})
      add(net::Method::post, pattern, [this](const net::HttpRequest& request) {
        return elevenlabs::speak_once(house, request);
      });
    add(net::Method::get, "/v1/voices", [this](const net::HttpRequest&) {
      json::array voices;
      for (auto& id : options.voices)
        voices.push_back({{"voice_id", id}, {"name", "Simulated"}, {"category", "premade"}});
      return net::text_response(200, json::serialize(json::object{{"voices", voices}}),
                                "application/json");
    });
    add(net::Method::get, "/v1/models", [](const net::HttpRequest&) {
      json::array models;
      for (auto* id : {"eleven_flash_v2_5", "eleven_multilingual_v2"})
        models.push_back({{"model_id", id}, {"name", id}, {"can_do_text_to_speech", true}});
      return net::text_response(200, json::serialize(models), "application/json");
    });
    server.add(net::Method::put, "/_simulator/phrases",
               [this](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
                 co_return set_phrases(request);
               });
  }

  using Answer = std::function<net::HttpResponse(const net::HttpRequest&)>;
  void add(net::Method method, std::string pattern, Answer answer) {
    server.add(method, std::move(pattern),
               [this, answer = std::move(answer)](
                   net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
                 auto refused = stranger(request);
                 co_return refused ? std::move(*refused) : answer(request);
               });
  }

  std::optional<net::HttpResponse> stranger(const net::HttpRequest& request) {
    if (request.headers.get("xi-api-key") == options.api_key) return std::nullopt;
    return refusal(401, "invalid_api_key", "Invalid API key");
  }

  net::HttpResponse set_phrases(const net::HttpRequest& request) {
    std::vector<std::string> phrases;
    for (auto& line : split(request.body, '\n'))
      if (auto phrase = trim(line); !phrase.empty()) phrases.emplace_back(phrase);
    script.set_phrases(std::move(phrases));
    return net::text_response(200, join(script.phrases(), "\n") + "\n");
  }

  const ElevenLabsSimulatorOptions options;
  SpeechScript script;
  Counts counts;
  elevenlabs::House house;
  StandInServer server;
};

ElevenLabsSimulator::ElevenLabsSimulator(asio::any_io_executor executor, Clock& clock,
                                         Random& random, ElevenLabsSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
ElevenLabsSimulator::~ElevenLabsSimulator() = default;
Result<void> ElevenLabsSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> ElevenLabsSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t ElevenLabsSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& ElevenLabsSimulator::server() noexcept { return impl_->server; }
SpeechScript& ElevenLabsSimulator::script() noexcept { return impl_->script; }
ElevenLabsSimulator::Counts ElevenLabsSimulator::counts() const { return impl_->counts; }

}  // namespace parley::simulators
