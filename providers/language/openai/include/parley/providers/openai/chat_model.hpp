#pragma once
#include <memory>
#include <string>

#include "parley/dialog/language_model.hpp"
#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::openai {

struct Options {
  std::string api_key;  ///< empty: none is sent, as local servers have it
  std::string api_url = "https://api.openai.com/v1";
  std::string model = "gpt-5-mini";
};

/// A model behind chat completions. Errors: invalid (the URL). Clock and policy outlive it; it goes
/// before its callers' io_contexts.
Result<std::unique_ptr<dialog::LanguageModel>> make_model(Clock& clock, resilience::Policy& policy,
                                                          Options options);

/// Whether the service takes the key (GET models), without the policy, which would hide it. Gives
/// what an operator wants to read. Errors: forbidden (the key), unavailable, timeout.
Task<std::string> look(net::HttpClient& http, Context ctx, Options options);

}  // namespace parley::providers::openai
