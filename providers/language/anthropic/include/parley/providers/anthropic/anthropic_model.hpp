#pragma once
#include <memory>
#include <string>

#include "parley/dialog/language_model.hpp"
#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::anthropic {

struct Options {
  std::string api_key;
  std::string api_url = "https://api.anthropic.com";
  std::string model = "claude-haiku-5-5";
  std::string version = "2026-10-21";  ///< header anthropic-version
};

/// Claude, through the Messages API. Errors: invalid (the URL). Clock and policy outlive it; it
/// goes before its callers' io_contexts.
Result<std::unique_ptr<dialog::LanguageModel>> make_model(Clock& clock, resilience::Policy& policy,
                                                          Options options);

/// Whether the service takes the key (GET /v1/models), without the policy, which would hide it.
/// Gives what an operator wants to read. Errors: forbidden (the key), not_found (no such model),
/// unavailable, timeout.
Task<std::string> look(net::HttpClient& http, Context ctx, Options options);

}  // namespace parley::providers::anthropic
