#pragma once
#include <stdexcept>

#include "parley/net/client.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::testkit {

/// Stands before a real HTTP service and passes requests on, but for what its plan of faults says.
/// All given outlive it. Throws std::runtime_error when it cannot listen.
class FaultyFront {
 public:
  /// `behind`: "http://127.0.0.1:PORT".
  FaultyFront(asio::any_io_executor executor, Clock& clock, Random& random, net::HttpClient& http,
              std::string behind)
      : http_(http), behind_(std::move(behind)), server_(executor, clock, random, {}, &refusal) {
    server_.otherwise([this](net::HttpRequest request) { return pass_on(std::move(request)); });
    if (!server_.start()) throw std::runtime_error("no port for what stands before the service");
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  simulators::Faults& faults() noexcept { return server_.faults(); }
  asio::awaitable<void> stop() { return server_.stop(TimePoint::min()); }

 private:
  static net::HttpResponse refusal(const simulators::Fault& fault, const net::HttpRequest&) {
    return net::text_response(fault.status, R"({"error":"Fault","message":"as it was planned"})",
                              "application/json");
  }
  asio::awaitable<net::HttpResponse> pass_on(net::HttpRequest request) {
    net::OutgoingRequest onward;
    onward.method = request.method;
    onward.url = behind_ + request.target;
    for (const auto* name : {"Content-Type", "x-chroma-token"})
      if (auto value = request.headers.get(name)) onward.headers.set(name, std::string(*value));
    onward.body = std::move(request.body);
    auto sending = http_.send({}, std::move(onward));
    auto answer = co_await std::move(sending);
    if (!answer) co_return net::text_response(502, "the service behind is away", "text/plain");
    auto type = std::string(answer->headers.get("Content-Type").value_or("application/json"));
    co_return net::text_response(answer->status, std::move(answer->body), std::move(type));
  }

  net::HttpClient& http_;
  std::string behind_;
  simulators::StandInServer server_;
};

}  // namespace parley::testkit
