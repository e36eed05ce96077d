#pragma once
#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::streaming {

/// Opens a vendor's WebSocket as one call of its policy. A queue of at most ten seconds of audio
/// waits to be sent. Errors: unauthenticated, forbidden, rate_limited, unavailable, timeout.
Task<std::unique_ptr<net::WebSocket>> connect(Context ctx, Clock& clock, resilience::Policy& policy,
                                              std::string operation, net::WebSocketTarget target);

}  // namespace parley::providers::streaming
