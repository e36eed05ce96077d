#pragma once
#include <string>

#include "parley/base/json.hpp"
#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::vectors {

struct Question {
  std::string name;  ///< of a small fixed set ("vectors.query"): span and log
  net::Method method = net::Method::post;
  std::string url;
  std::string body;  ///< JSON, or nothing
};

/// JSON over HTTP with one store of vectors. Everything asked of one may be done twice: writing a
/// vector again replaces it, and what is removed stays removed. Thread-safe; what it is given
/// outlives it.
class Exchange {
 public:
  struct Parts {
    Clock& clock;
    net::HttpClient& http;
    resilience::Policy& policy;
  };
  /// `vendor` begins the errors' details; `headers` go with every request, beside Content-Type.
  Exchange(Parts parts, std::string vendor, net::Headers headers);

  /// The answer; null when its body is empty. Errors: not_found, forbidden, invalid, rate_limited
  /// and unavailable by the status, with what Retry-After asks for; corrupt (no JSON), timeout
  /// (also of what may have happened), and the policy's.
  Task<json::value> ask(Context ctx, Question question);

 private:
  std::unexpected<Error> refusal(const net::HttpResponse& response) const;

  Parts parts_;
  std::string vendor_;
  net::Headers headers_;
};

}  // namespace parley::providers::vectors
