#include "parley/simulators/deepgram_simulator.hpp"

#include "parley/base/json.hpp"
#include "sessions.hpp"

namespace parley::simulators {

namespace deepgram {

net::HttpResponse refusal(int status, std::string_view code, std::string_view message) {
  json::object body{{"err_code", code},
                    {"err_msg", message},
                    {"request_id", "00000000-0000-4000-8000-000000000000"}};
  auto answer = net::text_response(status, json::serialize(body), "application/json");
  answer.headers.set("dg-error", std::string(message));
  return answer;
}

}  // namespace deepgram

namespace {

using deepgram::refusal;

net::HttpResponse fault_answer(const Fault& fault, const net::HttpRequest&) {
  auto code = fault.code;
  if (code.empty())
    code = fault.status == 401   ? "INVALID_AUTH"
           : fault.status == 402 ? "ASR_PAYMENT_REQUIRED"
           : fault.status == 429 ? "TOO_MANY_REQUESTS"
                                 : "INTERNAL_SERVER_ERROR";
  return refusal(fault.status, code, "as the plan of faults wants it");
}

/// Refuses who has no key.
StandInServer::Admit stranger_without(std::string key) {
  return
      [key = std::move(key)](const net::HttpRequest& request) -> std::optional<net::HttpResponse> {
        auto given = request.headers.get("Authorization").value_or("");
        if (given == "Token " + key || given == "Bearer " + key) return std::nullopt;
        return refusal(401, "INVALID_AUTH", "Invalid credentials.");
      };
}

net::HttpResponse projects(const net::HttpRequest&) {
  json::object body{
      {"projects", json::array{{{"project_id", "simulated"}, {"name", "Simulated"}}}}};
  return net::text_response(200, json::serialize(body), "application/json");
}

}  // namespace

DeepgramSimulator::DeepgramSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                     DeepgramSimulatorOptions options)
    : SpeechStandIn(std::move(executor), clock, random, options.where, fault_answer,
                    stranger_without(options.api_key)),
      options_(std::move(options)) {
  deepgram::House house{clock, options_, script(), counts_};
  converse("/v1/listen", [house](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
    return deepgram::listen(house, std::move(upgrade), std::move(socket));
  });
  converse("/v1/speak", [house](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
    return deepgram::speak(house, std::move(upgrade), std::move(socket));
  });
  answer(net::Method::post, "/v1/speak",
         [house](const net::HttpRequest& request) { return deepgram::speak_once(house, request); });
  answer(net::Method::get, "/v1/projects", projects);
}

}  // namespace parley::simulators
