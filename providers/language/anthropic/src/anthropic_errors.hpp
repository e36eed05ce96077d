#pragma once
#include "parley/providers/language/exchange.hpp"

namespace parley::providers::anthropic {

Error error_of_status(const net::HttpResponse& response);
std::optional<Error> error_of_event(const net::StreamEvent& event);

}  // namespace parley::providers::anthropic
