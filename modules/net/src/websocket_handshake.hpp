#pragma once
#include <string>
#include <string_view>

#include "parley/net/http.hpp"
#include "request_reader.hpp"

namespace parley::net {

/// Whether the request asks to become a WebSocket.
bool asks_for_websocket(const HttpRequest& request);
/// What is wrong with such a request, if anything (RFC 6455, 4.2.1).
std::optional<Refusal> check_websocket_request(const HttpRequest& request);
/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string websocket_accept(std::string_view key);

/// Whether a comma-separated field has this word, without case.
bool has_word(std::optional<std::string_view> field, std::string_view word);

}  // namespace parley::net
