#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/worker_pool.hpp"

namespace parley::store {

/// Large immutable things: uploads, recordings. Keys are relative paths of [a-zA-Z0-9._-] segments;
/// anything else (so also "..") is Errc::invalid. Thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// All or nothing, durable when it returns; replaces. Errors: resource_exhausted (disk full).
  virtual Task<void> put(Context ctx, std::string key, std::vector<std::byte> bytes) = 0;
  /// Errors: not_found.
  virtual Task<std::vector<std::byte>> get(Context ctx, std::string key) = 0;
  /// Idempotent.
  virtual Task<void> remove(Context ctx, std::string key) = 0;
};

/// One file per object below `root`, which is made if it is missing. The work is done on `pool`;
/// both must outlive the store's users. Errors: unavailable (the folder cannot be made).
Result<std::unique_ptr<ObjectStore>> open_folder_objects(WorkerPool& pool,
                                                         std::filesystem::path root);

}  // namespace parley::store
