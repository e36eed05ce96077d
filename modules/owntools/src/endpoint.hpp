#pragma once
#include <memory>
#include <optional>

#include "parley/owntools/own_tools.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::owntools {

/// Where requests of one own tool go, and how they are made: signed, bounded, to public addresses.
/// Thread-safe.
class Endpoint {
 public:
  Endpoint(const OwnToolsParts& parts, const OwnToolsOptions& options, std::string url);
  /// Errors: corrupt when the secret does not open (another master key), invalid when it is none.
  Result<void> use_secret(const BusinessId& business, const business::OwnTool& tool);

  struct Request {
    std::string body;
    std::string id;  ///< idempotency key; empty: made
    net::Headers headers;
    Duration time_limit = std::chrono::seconds(5);
  };
  /// Any status is a result. Errors: those of net::HttpClient.
  Task<net::HttpResponse> post(Context ctx, Request request) const;

 private:
  const OwnToolsParts& parts_;
  const OwnToolsOptions& options_;
  std::string url_;
  std::optional<webhooks::StandardSecret> signing_;
  std::string token_;
};

/// What a tool gives, from text that came: an object as it is, other JSON under "result", the rest
/// as "text".
json::object as_result(std::string_view text);

/// A refusal by HTTP status. The body is not told: it may be of anybody.
Error error_of(int status);

}  // namespace parley::owntools
