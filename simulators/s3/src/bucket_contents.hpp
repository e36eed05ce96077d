#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "s3_refusal.hpp"

namespace parley::simulators {

struct S3Object {
  std::string content_type;
  std::string bytes;
  std::string etag;  ///< with its quotes
  WallTime modified;
};

/// The buckets, their objects and the parted uploads that are on their way. Thread-safe.
class BucketContents {
 public:
  BucketContents(std::vector<std::string> buckets, std::size_t max_bytes);

  using Object = std::shared_ptr<const S3Object>;
  enum class Replace { yes, no };

  S3Result<void> check_bucket(const std::string& bucket) const;
  S3Result<Object> put(const std::string& bucket, const std::string& key, S3Object object,
                       Replace replace = Replace::yes);
  S3Result<Object> get(const std::string& bucket, const std::string& key) const;
  void remove(const std::string& bucket, const std::string& key);

  struct Listing {
    std::vector<std::pair<std::string, Object>> objects;
    std::vector<std::string> common_prefixes;
    std::string next;  ///< the last name given, when there is more
  };
  struct Query {
    std::string prefix;
    std::string delimiter;
    std::string after;
    std::size_t most = 1000;
  };
  Listing list(const std::string& bucket, const Query& query) const;

  std::string begin_upload(std::string id, const std::string& bucket, const std::string& key,
                           std::string content_type);
  /// Its ETag.
  S3Result<std::string> put_part(const std::string& id, int number, std::string bytes);
  using PartList = std::vector<std::pair<int, std::string>>;
  S3Result<Object> end_upload(const std::string& id, const PartList& parts, WallTime now);
  S3Result<void> abort_upload(const std::string& id);

  std::size_t objects() const;
  std::size_t uploads() const;

 private:
  struct Upload {
    std::string bucket;
    std::string key;
    std::string content_type;
    std::map<int, std::string> parts;
  };
  S3Result<void> make_room(std::size_t bytes) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::map<std::string, Object>> buckets_;
  std::map<std::string, Upload> uploads_;
  std::size_t stored_bytes_ = 0;
  const std::size_t max_bytes_;
};

}  // namespace parley::simulators
