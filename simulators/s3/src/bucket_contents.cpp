#include "bucket_contents.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t least_part_bytes = 5u << 20;

std::string md5(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_md5(), nullptr);
  return {reinterpret_cast<char*>(digest.data()), length};
}

std::string etag_of(std::string_view bytes) {
  return fmt::format("\"{}\"", to_hex(as_bytes(md5(bytes))));
}

auto no_such_upload() {
  return refuse_s3(404, "NoSuchUpload", "The specified upload does not exist.");
}

}  // namespace

BucketContents::BucketContents(std::vector<std::string> buckets, std::size_t max_bytes)
    : max_bytes_(max_bytes) {
  for (auto& bucket : buckets) buckets_[bucket];
}

S3Result<void> BucketContents::check_bucket(const std::string& bucket) const {
  if (buckets_.contains(bucket)) return {};
  return refuse_s3(404, "NoSuchBucket", "The specified bucket does not exist");
}

S3Result<void> BucketContents::make_room(std::size_t bytes) const {
  if (stored_bytes_ + bytes <= max_bytes_) return {};
  return refuse_s3(507, "XMinioStorageFull", "Storage backend has reached its limit");
}

S3Result<BucketContents::Object> BucketContents::put(const std::string& bucket,
                                                     const std::string& key, S3Object object,
                                                     Replace replace) {
  std::lock_guard lock(mutex_);
  auto& objects = buckets_.at(bucket);
  auto there = objects.find(key);
  if (there != objects.end() && replace == Replace::no)
    return refuse_s3(412, "PreconditionFailed",
                     "At least one of the pre-conditions you specified did not hold");
  if (auto room = make_room(object.bytes.size()); !room) return std::unexpected(room.error());
  if (there != objects.end()) stored_bytes_ -= there->second->bytes.size();
  stored_bytes_ += object.bytes.size();
  if (object.etag.empty()) object.etag = etag_of(object.bytes);
  return objects[key] = std::make_shared<const S3Object>(std::move(object));
}

S3Result<BucketContents::Object> BucketContents::get(const std::string& bucket,
                                                     const std::string& key) const {
  std::lock_guard lock(mutex_);
  auto& objects = buckets_.at(bucket);
  auto found = objects.find(key);
  if (found == objects.end())
    return refuse_s3(404, "NoSuchKey", "The specified key does not exist.");
  return found->second;
}

void BucketContents::remove(const std::string& bucket, const std::string& key) {
  std::lock_guard lock(mutex_);
  auto& objects = buckets_.at(bucket);
  auto found = objects.find(key);
  if (found == objects.end()) return;
  stored_bytes_ -= found->second->bytes.size();
  objects.erase(found);
}

BucketContents::Listing BucketContents::list(const std::string& bucket, const Query& query) const {
  std::lock_guard lock(mutex_);
  auto& objects = buckets_.at(bucket);
  Listing listing;
  std::string last;
  for (auto at = objects.lower_bound(query.prefix); at != objects.end(); ++at) {
    auto& key = at->first;
    if (!key.starts_with(query.prefix)) break;
    auto name = key;
    bool is_common = false;
    if (!query.delimiter.empty())
      if (auto cut = key.find(query.delimiter, query.prefix.size()); cut != std::string::npos) {
        name = key.substr(0, cut + query.delimiter.size());
        is_common = true;
      }
    if (name <= query.after || (is_common && !last.empty() && name == last)) continue;
    if (listing.objects.size() + listing.common_prefixes.size() == query.most) {
      listing.next = last;
      break;
    }
    last = name;
    if (is_common)
      listing.common_prefixes.push_back(name);
    else
      listing.objects.emplace_back(key, at->second);
  }
  return listing;
}

std::string BucketContents::begin_upload(std::string id, const std::string& bucket,
                                         const std::string& key, std::string content_type) {
  std::lock_guard lock(mutex_);
  uploads_[id] = {bucket, key, std::move(content_type), {}};
  return id;
}

S3Result<std::string> BucketContents::put_part(const std::string& id, int number,
                                               std::string bytes) {
  std::lock_guard lock(mutex_);
  auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return no_such_upload();
  if (number < 1 || number > 10'000)
    return refuse_s3(400, "InvalidArgument", "Part number must be between 1 and 10000");
  if (auto room = make_room(bytes.size()); !room) return std::unexpected(room.error());
  auto& part = upload->second.parts[number];
  stored_bytes_ = stored_bytes_ - part.size() + bytes.size();
  part = std::move(bytes);
  return etag_of(part);
}

S3Result<BucketContents::Object> BucketContents::end_upload(const std::string& id,
                                                            const PartList& parts, WallTime now) {
  std::lock_guard lock(mutex_);
  auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return no_such_upload();
  if (parts.empty()) return refuse_s3(400, "MalformedXML", "The XML you provided was not valid");
  S3Object object;
  object.content_type = upload->second.content_type;
  object.modified = now;
  std::string digests;
  if (std::ranges::adjacent_find(parts, std::ranges::greater_equal(),
                                 &PartList::value_type::first) != parts.end())
    return refuse_s3(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto& [number, etag] = parts[i];
    auto part = upload->second.parts.find(number);
    if (part == upload->second.parts.end() || etag_of(part->second) != etag)
      return refuse_s3(400, "InvalidPart",
                       "One or more of the specified parts could not be found.");
    if (i + 1 < parts.size() && part->second.size() < least_part_bytes)
      return refuse_s3(400, "EntityTooSmall",
                       "Your proposed upload is smaller than the minimum allowed size");
    object.bytes += part->second;
    digests += md5(part->second);
  }
  object.etag = fmt::format("\"{}-{}\"", to_hex(as_bytes(md5(digests))), parts.size());
  for (auto& [number, bytes] : upload->second.parts) stored_bytes_ -= bytes.size();
  stored_bytes_ += object.bytes.size();
  auto& slot = buckets_.at(upload->second.bucket)[upload->second.key];
  if (slot) stored_bytes_ -= slot->bytes.size();
  slot = std::make_shared<const S3Object>(std::move(object));
  uploads_.erase(upload);
  return slot;
}

S3Result<void> BucketContents::abort_upload(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return no_such_upload();
  for (auto& [number, bytes] : upload->second.parts) stored_bytes_ -= bytes.size();
  uploads_.erase(upload);
  return {};
}

std::size_t BucketContents::objects() const {
  std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (auto& [name, objects] : buckets_) count += objects.size();
  return count;
}

std::size_t BucketContents::uploads() const {
  std::lock_guard lock(mutex_);
  return uploads_.size();
}

}  // namespace parley::simulators
