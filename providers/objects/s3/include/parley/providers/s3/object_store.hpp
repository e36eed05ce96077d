#pragma once
#include "parley/base/worker_pool.hpp"
#include "parley/net/client.hpp"
#include "parley/providers/s3/sigv4.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/store/objects.hpp"

namespace parley::s3 {

struct BucketOptions {
  std::string bucket;
  std::string prefix;    ///< before every key, without slashes at its ends; may be empty
  std::string endpoint;  ///< "http://127.0.0.1:9000"; empty: Amazon's of the region, over TLS
  std::string region = "us-east-1";
  /// Whether the bucket is in the path or in the host's name. By choice: the path for an endpoint
  /// of one's own, the host for Amazon's.
  enum class Addressing { by_choice, path, host } addressing = Addressing::by_choice;
  Credentials credentials;
  /// What is larger goes up in parts of this size, one in memory at a time; S3 takes no smaller
  /// ones than 5 MiB.
  std::size_t part_bytes = 8u << 20;
};

/// "s3://bucket/prefix" as bucket and prefix. Errors: invalid.
Result<BucketOptions> parse_bucket_url(std::string_view url);

/// What the store works with; all outlive it.
struct StoreParts {
  net::HttpClient& http;
  resilience::Policy& policy;  ///< every request passes it
  WorkerPool& pool;            ///< reads files and hashes bodies
  Clock& clock;
};

/// Objects in a bucket of S3 or of something that speaks as it does. A parted upload that fails is
/// aborted; one whose process dies is left to the bucket's lifecycle rule for unfinished uploads.
/// Errors beside ObjectStore's, each with what a person can do about it: forbidden (keys, rights,
/// the clock), invalid (wrong region or endpoint), unavailable and timeout (after the retries),
/// resource_exhausted (the server's disk or quota is full).
/// Errors of this function: invalid (bucket's name, endpoint, no credentials).
Result<std::unique_ptr<store::ObjectStore>> open_bucket(StoreParts parts, BucketOptions options);

}  // namespace parley::s3
