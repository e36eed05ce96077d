#pragma once
#include "parley/base/settings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/net/client.hpp"
#include "parley/store/objects.hpp"
#include "service_policies.hpp"

namespace parley::app {

struct ObjectStorageParts {
  const Settings& settings;
  std::filesystem::path folder;  ///< of data.dir
  net::HttpClient& http;
  ServicePolicies& policies;
  WorkerPool& files;
  Clock& clock;
};

/// Where uploads and recordings are kept: the bucket that objects.url names, or a folder. Errors:
/// invalid, naming the setting.
Result<std::unique_ptr<store::ObjectStore>> open_object_storage(ObjectStorageParts parts);

}  // namespace parley::app
