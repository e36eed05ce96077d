#pragma once
#include "services.hpp"

namespace parley::api {

using Checked = std::expected<void, Failure>;

/// Declared parameters only (400 with the nearest known name), each once, all values right (422).
std::expected<Query, Failure> check_query(const net::Fields& given, const Route& route,
                                          const Schemas& named);

/// Reads the body as the route declares it into `request`: 415, 400, 422.
Checked check_body(Request& request, const Route& route, const Schemas& named);

/// What a repeated request must have the same of. For forms the parts: their boundary is random.
std::string request_hash(const Request& request);

/// The nearest address that is not a trusted proxy.
std::string client_address(const net::HttpRequest& http, const ApiOptions& options);
/// From this machine, and not on behalf of somebody else.
bool comes_from_here(const net::HttpRequest& http);
/// What a rate is counted by: an IPv6 customer has a whole /64.
std::string address_group(const std::string& address);

}  // namespace parley::api
