#include "parley/simulators/deepgram_simulator.hpp"

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
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

}  // namespace

struct DeepgramSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& r, DeepgramSimulatorOptions o)
      : options(std::move(o)),
        house{c, r, options, script, counts},
        server(std::move(executor), c, r, options.where, fault_answer) {
    auto admit = [this](const net::HttpRequest& request) { return stranger(request); };
    server.add_websocket(
        "/v1/listen",
        [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
          return deepgram::listen(house, std::move(upgrade), std::move(socket));
        },
        admit);
    server.add_websocket(
        "/v1/speak",
        [this](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
          return deepgram::speak(house, std::move(upgrade), std::move(socket));
        },
        admit);
    add(net::Method::post, "/v1/speak",
        [this](const net::HttpRequest& request) { return deepgram::speak_once(house, request); });
    add(net::Method::get, "/v1/projects", [](const net::HttpRequest&) {
      json::object body{
          {"projects", json::array{{{"project_id", "simulated"}, {"name", "Simulated"}}}}};
      return net::text_response(200, json::serialize(body), "application/json");
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
    auto given = request.headers.get("Authorization").value_or("");
    if (given == "Token " + options.api_key || given == "Bearer " + options.api_key)
      return std::nullopt;
    return refusal(401, "INVALID_AUTH", "Invalid credentials.");
  }

  net::HttpResponse set_phrases(const net::HttpRequest& request) {
    std::vector<std::string> phrases;
    for (auto& line : split(request.body, '\n'))
      if (auto phrase = trim(line); !phrase.empty()) phrases.emplace_back(phrase);
    script.set_phrases(std::move(phrases));
    return net::text_response(200, join(script.phrases(), "\n") + "\n");
  }

  const DeepgramSimulatorOptions options;
  SpeechScript script;
  Counts counts;
  deepgram::House house;
  StandInServer server;
};

DeepgramSimulator::DeepgramSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                     DeepgramSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
DeepgramSimulator::~DeepgramSimulator() = default;
Result<void> DeepgramSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> DeepgramSimulator::stop(TimePoint deadline) {
  return impl_->server.stop(deadline);
}
std::uint16_t DeepgramSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& DeepgramSimulator::server() noexcept { return impl_->server; }
SpeechScript& DeepgramSimulator::script() noexcept { return impl_->script; }
DeepgramSimulator::Counts DeepgramSimulator::counts() const { return impl_->counts; }

}  // namespace parley::simulators
