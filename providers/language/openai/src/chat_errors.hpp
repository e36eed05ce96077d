#pragma once
#include "parley/providers/language/exchange.hpp"

namespace parley::providers::openai {

Error error_of_status(const net::HttpResponse& response);
std::optional<Error> error_of_event(const net::StreamEvent& event);
/// Whether it refuses max_tokens and wants max_completion_tokens.
bool refuses_max_tokens(const net::HttpResponse& response);

}  // namespace parley::providers::openai
