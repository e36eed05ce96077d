#pragma once
#include "parley/providers/s3/object_store.hpp"

namespace parley::s3 {

/// One request to the bucket.
struct Ask {
  std::string operation;  ///< "objects.put": for the policy's spans
  net::Method method = net::Method::get;
  std::string key;  ///< without the prefix
  net::Fields query;
  net::Headers headers;  ///< signed too
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
  std::size_t max_response_bytes = 1u << 20;
};

/// Where the bucket is, and its requests: signed, through the policy, their failures as Errors.
/// Every request may be repeated: the same bytes to the same place, or a read.
class Bucket {
 public:
  Bucket(StoreParts parts, BucketOptions options);
  /// Errors: invalid. Before anything is sent.
  Result<void> check() const;
  /// A success's answer. Errors: see open_bucket.
  Task<net::HttpResponse> send(Context ctx, Ask ask);

 private:
  Task<net::HttpResponse> attempt(Context ctx, std::shared_ptr<const Ask> ask,
                                  std::string payload_hash);

  StoreParts parts_;
  BucketOptions options_;
  std::string scheme_;
  std::string host_;         ///< with the port, when it is not the scheme's own
  std::string path_prefix_;  ///< "/bucket/prefix/"
};

}  // namespace parley::s3
