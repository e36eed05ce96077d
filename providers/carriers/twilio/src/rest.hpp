#pragma once
#include "parley/net/client.hpp"
#include "parley/providers/twilio/carrier.hpp"

namespace parley::providers::twilio {

/// A request to the account's REST API; `path` comes after the account's own.
net::OutgoingRequest rest_request(const Options& options, net::Method method, std::string_view path,
                                  std::string form);
/// What an answer that is no success means. 404 is not_found, 400 and 409 conflict.
Error rest_error(const net::HttpResponse& response, const Clock& clock);

}  // namespace parley::providers::twilio
