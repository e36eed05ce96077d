#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/net/client.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::app {

/// One stand-in that runs, whatever it stands for.
struct StandIn {
  std::string name;
  std::string address;  ///< where it listens, as a URL or host:port
  /// What points a server at it: "PARLEY_TWILIO_API_URL" and its value.
  std::vector<std::pair<std::string, std::string>> settings;
  std::string note;
  simulators::Faults* faults = nullptr;
  std::function<std::vector<simulators::SeenRequest>()> seen;  ///< empty: it knows no requests
  std::function<void()> cut;                                   ///< of gates
  std::function<asio::awaitable<void>()> stop;                 ///< at once; keeps it alive
};

/// What a stand-in is started with. All of it outlives the stand-in.
struct StandInPlace {
  asio::any_io_executor executor;
  Clock& clock;
  Random& random;
  net::HttpClient& http;
  simulators::StandInOptions where;
  const std::vector<std::string>& callees;  ///< NUMBER=busy, ...: of carriers
};

/// A service that has a stand-in.
struct StandInKind {
  std::string_view name;
  /// Errors: invalid (an option), unavailable (an address in use).
  Result<StandIn> (*start)(StandInPlace place);
};

/// All of them, in the order in which they are started and shown: one more is one more entry.
std::span<const StandInKind> stand_in_kinds();
std::vector<std::string> stand_in_names();

/// "http://127.0.0.1:8080": where something listens.
std::string listening_url(std::string_view scheme, const std::string& address, std::uint16_t port);

}  // namespace parley::app
