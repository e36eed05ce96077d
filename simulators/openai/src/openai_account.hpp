#pragma once
#include "parley/base/json.hpp"
#include "parley/simulators/openai_simulator.hpp"

namespace parley::simulators {

/// What an OpenAI error object says.
struct OpenAiError {
  int status = 400;
  std::string message;
  std::string type = "invalid_request_error";
  std::string code;   ///< empty: null
  std::string param;  ///< empty: null
};

net::HttpResponse openai_answer(int status, const json::object& body,
                                const net::HttpRequest& request);
net::HttpResponse openai_error(const OpenAiError& error, const net::HttpRequest& request);
/// A fault of the plan in OpenAI's words.
net::HttpResponse openai_fault(const Fault& fault, const net::HttpRequest& request);

/// Whose requests are served. Shared by all endpoints.
class OpenAiAccount {
 public:
  explicit OpenAiAccount(const OpenAiSimulatorOptions& options) : options_(options) {}
  const OpenAiSimulatorOptions& options() const noexcept { return options_; }
  bool is_local() const { return options_.dialect == OpenAiSimulatorOptions::Dialect::local; }
  bool has_model(const std::string& name) const;
  /// The handler behind a check of the key.
  net::HttpHandler admitting(
      std::function<net::HttpResponse(const net::HttpRequest&)> handler) const;

 private:
  const OpenAiSimulatorOptions& options_;
};

}  // namespace parley::simulators
