#include "object_storage.hpp"

#include "parley/providers/s3/object_store.hpp"

namespace parley::app {

namespace {

using Addressing = s3::BucketOptions::Addressing;

Result<Addressing> addressing_of(const std::string& text) {
  if (text == "automatic") return Addressing::by_choice;
  if (text == "path") return Addressing::path;
  if (text == "host") return Addressing::host;
  return fail(Errc::invalid, "objects.addressing: path, host or automatic");
}

}  // namespace

Result<std::unique_ptr<store::ObjectStore>> open_object_storage(ObjectStorageParts parts) {
  auto& settings = parts.settings;
  auto& url = settings.text("objects.url");
  if (url.empty()) return store::open_folder_objects(parts.files, parts.folder / "objects");
  auto options = s3::parse_bucket_url(url);
  if (!options) return std::unexpected(options.error());
  auto addressing = addressing_of(settings.text("objects.addressing"));
  if (!addressing) return std::unexpected(addressing.error());
  options->addressing = *addressing;
  options->endpoint = settings.text("objects.endpoint");
  options->region = settings.text("objects.region");
  options->credentials = {settings.text("s3.access_key_id"), settings.text("s3.secret_access_key"),
                          settings.text("s3.session_token")};
  // A part of eight megabytes may take a while to go up.
  resilience::PolicyOptions patience;
  patience.attempt_timeout = std::chrono::minutes(1);
  patience.total_timeout = std::chrono::minutes(3);
  auto policy = parts.policies.add("objects", patience);
  if (!policy) return std::unexpected(policy.error());
  return s3::open_bucket({parts.http, **policy, parts.files, parts.clock}, std::move(*options));
}

}  // namespace parley::app
