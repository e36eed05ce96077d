#pragma once
#include <functional>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/net/client.hpp"

namespace parley::app {

enum class Verdict { good, warning, bad };

/// One line of `parley doctor`.
struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string detail;
  std::string advice;  ///< what to do about it; empty when good
};

/// The server and each thing it looks at, by its own GET /health.
Task<std::vector<Finding>> ask_server(Clock& clock, net::HttpClient& http, std::string url);

/// Starts the integration suite there and follows it; `told` gets each step as it ends. Errors:
/// unavailable, forbidden (the key may not), timeout.
using OnFinding = std::function<void(const Finding&)>;
Task<void> try_everything(Clock& clock, net::HttpClient& http, std::string url, std::string token,
                          OnFinding told);

}  // namespace parley::app
