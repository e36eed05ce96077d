#pragma once
#include <atomic>

#include "idempotency.hpp"
#include "last_answers.hpp"
#include "rate_limiter.hpp"
#include "route.hpp"

namespace parley::api {

/// What all requests share. Lives as long as the router's handlers.
struct Services {
  Services(ApiParts p, ApiOptions o);

  ApiParts parts;
  ApiOptions options;
  auth::LinkSigner links;
  RateLimiter clients;
  RateLimiter organizations;
  Idempotency idempotency;
  LastAnswers last_answers;
  RouteTable table;
  std::string openapi;
  std::atomic<std::size_t> event_streams{0};
};

}  // namespace parley::api
