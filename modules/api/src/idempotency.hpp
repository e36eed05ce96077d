#pragma once
#include <string>
#include <variant>

#include "parley/api/api.hpp"

namespace parley::api {

/// Answers kept by Idempotency-Key, so that a repeated POST has one effect and one answer.
class Idempotency {
 public:
  Idempotency(const ApiParts& parts, const ApiOptions& options);

  /// Whose key, which key, and a hash of method, path and content.
  struct Key {
    std::string scope;
    std::string key;
    std::string request_hash;
  };
  /// Ours to run; finish() or abandon() it.
  struct Run {
    std::string attempt;
  };
  struct OtherRequest {};  ///< the key belongs to a request with other content
  struct StillRunning {};
  using Begun = std::variant<Run, net::HttpResponse, OtherRequest, StillRunning>;

  /// A run that was never finished (the process died) is taken over after its lease: what it may
  /// have done is made safe by handlers that hand the key on to where the effect is.
  Task<Begun> begin(Context ctx, Key key);
  Task<void> finish(Context ctx, Key key, Run run, const net::HttpResponse& response);
  /// Nothing happened: the next request with this key runs.
  Task<void> abandon(Context ctx, Key key, Run run);

 private:
  Result<Begun> look(store::Tx& tx, const Key& key, const std::string& attempt) const;
  Result<net::HttpResponse> opened(const Key& key, const store::Value::Blob& sealed) const;

  store::Database& database_;
  Random& random_;
  auth::SecretKey secret_;
  std::chrono::hours life_;
};

/// Base64url of a keyless hash: request contents, entity tags.
std::string content_hash(std::string_view content);

}  // namespace parley::api
