#pragma once
#include "services.hpp"

namespace parley::api {

/// One request from the router to its answer: who asks, how often, whether they may, whether what
/// they sent is as declared; then the handler; then the envelope.
asio::awaitable<net::HttpResponse> serve(std::shared_ptr<Services> services, const Route& route,
                                         metrics::Histogram seconds, net::HttpRequest http);

/// The answer to OPTIONS: a preflight of a browser, or just Allow.
net::HttpResponse options_response(const ApiOptions& options, const net::HttpRequest& http,
                                   const std::string& allow);

}  // namespace parley::api
