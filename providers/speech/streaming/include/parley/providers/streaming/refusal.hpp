#pragma once
#include "parley/net/http.hpp"

namespace parley::providers::streaming {

/// What an answer that is no success means, in words for operators: the vendor's own code, never
/// its sentence, which may hold what the caller said. 401 is unauthenticated, 402 and 403
/// forbidden, 404 not_found, 429 rate_limited with its Retry-After, other 4xx invalid; all else,
/// 529 too, is unavailable.
Error refusal(int status, const net::Headers& headers, std::string_view body, WallTime now);

/// The code in a vendor's error: "INVALID_AUTH", "quota_exceeded"; empty when there is none.
std::string refusal_code(std::string_view body);

/// "/v1/listen" under a base that may have a path and a slash at its end.
std::string address_under(std::string_view base, std::string_view path);
/// The same for a WebSocket: https becomes wss.
std::string socket_address_under(std::string_view base, std::string_view path);

}  // namespace parley::providers::streaming
