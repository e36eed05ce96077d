#include "parley/simulators/elevenlabs_simulator.hpp"

#include "parley/base/json.hpp"
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

/// Refuses who has no key.
StandInServer::Admit stranger_without(std::string key) {
  return
      [key = std::move(key)](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
        if (request.headers.get("xi-api-key") == key) return std::nullopt;
        return refusal(401, "invalid_api_key", "Invalid API key");
      };
}

net::HttpResponse json_answer(const json::value& body) {
  return net::text_response(200, json::serialize(body), "application/json");
}

net::HttpResponse voices(const std::vector<std::string>& ids) {
  json::array all;
  for (auto& id : ids)
    all.push_back({{"voice_id", id}, {"name", "Simulated"}, {"category", "premade"}});
  return json_answer(json::object{{"voices", std::move(all)}});
}

net::HttpResponse models(const net::HttpRequest&) {
  json::array all;
  for (auto* id : {"eleven_flash_v2_5", "eleven_multilingual_v2"})
    all.push_back({{"model_id", id}, {"name", id}, {"can_do_text_to_speech", true}});
  return json_answer(all);
}

}  // namespace

ElevenLabsSimulator::ElevenLabsSimulator(asio::any_io_executor executor, Clock& clock,
                                         Random& random, ElevenLabsSimulatorOptions options)
    : SpeechStandIn(std::move(executor), clock, random, options.where, fault_answer,
                    stranger_without(options.api_key)),
      options_(std::move(options)) {
  elevenlabs::House house{clock, options_, script(), counts_};
  converse("/v1/speech-to-text/realtime",
           [house](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
             return elevenlabs::transcribe(house, std::move(upgrade), std::move(socket));
           });
  converse("/v1/text-to-speech/{voice}/stream-input",
           [house](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
             return elevenlabs::speak(house, std::move(upgrade), std::move(socket));
           });
  for (auto* pattern : {"/v1/text-to-speech/{voice}", "/v1/text-to-speech/{voice}/stream"})
    answer(net::Method::post, pattern, [house](const net::HttpRequest& request) {
      return elevenlabs::speak_once(house, request);
    });
  answer(net::Method::get, "/v1/voices",
         [this](const net::HttpRequest&) { return voices(options_.voices); });
  answer(net::Method::get, "/v1/models", models);
}

}  // namespace parley::simulators
