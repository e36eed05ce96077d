#pragma once
#include <cstdint>
#include <string_view>

#include "parley/base/json.hpp"
#include "parley/net/http.hpp"

namespace parley::owntools {

/// The answer to JSON-RPC request `id` in what a server sent: JSON, or an event stream in which
/// notifications and requests of the server's own may stand too (they are passed over).
/// Errors: corrupt when there is none; invalid with the server's words, or not_found for an unknown
/// method, when the answer is an error.
Result<json::object> result_in(const net::HttpResponse& response, std::int64_t id);

/// The `data` of each event of a text/event-stream.
std::vector<std::string> events_in(std::string_view stream);

}  // namespace parley::owntools
